// SPDX-License-Identifier: Apache-2.0
/*
 * The whole published archive against its own indexes: signatures, every index, by-hash, every pool
 * file, and what the database has. Changes nothing but this: a mirror whose files are missing or
 * damaged is marked, so that its next run looks at each file and fetches those again.
 */
#ifndef CORE_ARCHIVE_INSPECT_H
#define CORE_ARCHIVE_INSPECT_H

#include <stdbool.h>

#include "core/archive/run.h"

struct inspect {
    const struct config *config;
    struct db *db;
    void *data;
    void (*found)(void *data, bool error, const char *text); /* error, or worth knowing */
    /* filled */
    int suites, errors;
    int64_t files, bytes;
};

/* -1: it could not be carried out (what was found wrong is no such error). */
int inspect_archive(struct inspect *c, struct err *e);

/* Suites on this disk that no mirror of the configuration has: served as they are, never deleted.
 * Each is told to found as worth knowing. */
int inspect_orphans(struct inspect *c, struct err *e);

#endif
