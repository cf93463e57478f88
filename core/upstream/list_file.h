// SPDX-License-Identifier: Apache-2.0
/*
 * The file of an upstream of kind `file`: a YAML list of projects with their versions, from text to
 * structs. An entry that cannot be read has its reason, the others go on.
 *
 *   - {project: example/one, version: 1.2.3}
 *   - {project: two, versions: [1.0, 1.1], artifact: two-lib, team: tools, type: library}
 */
#ifndef CORE_UPSTREAM_LIST_FILE_H
#define CORE_UPSTREAM_LIST_FILE_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/upstream/deliverable.h"

struct list_entry {
    const char *project; /* NULL: an entry without a name that can be used */
    int line;
    const char *reason; /* why it cannot be read; NULL: content holds */
    struct deliverable content;
};

/* ERR_INPUT: no list at all, text "line N: ...". */
int list_file_parse(struct arena *a, const char *data, size_t len, struct list_entry **out,
                    size_t *count, struct err *e);

/* A deliverable of one project, as lists have them; artifact NULL: the project's last part. */
void list_entry_fill(struct arena *a, struct deliverable *out, const char *project,
                     const char *artifact, struct deliverable_version *versions, size_t count);

#endif
