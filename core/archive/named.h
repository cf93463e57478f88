// SPDX-License-Identifier: Apache-2.0
/*
 * What all published suites on this disk name, whoever's they are, known to the database or not.
 */
#ifndef CORE_ARCHIVE_NAMED_H
#define CORE_ARCHIVE_NAMED_H

#include "core/archive/run.h"

struct named {
    struct suite *items;
    size_t count;
};

/* An unreadable suite is an error: then nothing may be called unnamed. named_free in either case.
 */
int named_read(struct run *r, struct arena *a, struct named *out, struct err *e);
void named_free(struct named *l);

/* A suite that names the path; NULL: none. */
const struct suite *named_find(const struct named *l, const char *path);

/* Another mirror of this disk that holds the file's path with other content: a suite of it names
 * the path, or named it within the grace time. NULL: none. Reads all suites: for the rare case. */
int named_holder(struct run *r, const struct contents_file *f, const char **mirror, struct err *e);

#endif
