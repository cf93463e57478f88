// SPDX-License-Identifier: Apache-2.0
/*
 * Versions: upstream's spelling to Debian's, a Debian version's upstream part, and Debian's order
 * (Policy 5.6.12) as bytes that compare with memcmp. Pure functions.
 */
#ifndef CORE_RULES_VERSION_H
#define CORE_RULES_VERSION_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/err.h"

enum version_kind { VERSION_FINAL, VERSION_PRERELEASE, VERSION_END };

/* What upstream's tag is: END for zed-eom, yoga-eol, rocky-em, victoria-last, 2023.1-eom; else
 * debian gets the Debian form (31.0.0.0rc1 -> 31.0.0~rc1, 0.3a3 -> 0.3~a3, leading v dropped).
 * ERR_INPUT if it is no version at all. */
int version_from_upstream(const char *version, enum version_kind *kind, struct buf *debian,
                          struct err *e);

/* The part that is compared with upstream's: epoch, revision and what packagers add dropped
 * (+dfsg1, +ds2, +debian, +git..., +~cs1, ~bpo12+1, +deb13u1; +really1.2 means 1.2; ~0rc1, and
 * upstream's own rc1 or .dev1, become ~rc1 and ~dev1). */
int version_upstream_part(const char *debian, struct buf *out, struct err *e);

/* True if the full version has +debNuM in its revision, or, native, in its upstream part. */
bool version_is_patched(const char *debian);

/* Appends the sort key (binary). ERR_INPUT: a character outside Policy's, a number over 254 digits.
 */
int version_key(const char *debian, struct buf *key, struct err *e);

#endif
