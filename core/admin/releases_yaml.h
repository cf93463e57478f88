// SPDX-License-Identifier: Apache-2.0
/*
 * os-version-checker's releases.yaml, and the files of releases.d that say the same. An entry
 *
 *   bookworm-epoxy:                     # <distro>-<series>
 *     os_ver_uri: https://releases.openstack.org/epoxy
 *     apt: ["deb http://... bookworm-epoxy-backports main", ...]
 *
 * becomes target `bookworm` of series epoxy. As that tool has it, each of the two keys may be left
 * out: the series is then the part after the first hyphen, and the lines are those of the build
 * host of that name; older files have deb_os_ver_uri (addresses of Sources) in the place of apt.
 * Pure functions.
 */
#ifndef CORE_ADMIN_RELEASES_YAML_H
#define CORE_ADMIN_RELEASES_YAML_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"

struct releases_target {
    const char *name;
    const char **lines; /* apt lines */
    size_t line_count;
    struct releases_target *next;
};

struct releases_series {
    const char *name;
    struct releases_target *targets; /* in the file's order */
    struct releases_series *next;
};

/* All series of the text, in the order in which they come up; NULL with ERR_INPUT ("line N: ...").
 */
struct releases_series *releases_read(struct arena *a, const char *text, size_t len, struct err *e);

/* The file of releases.d, appended to out. */
void releases_write(const struct releases_series *s, struct buf *out);

#endif
