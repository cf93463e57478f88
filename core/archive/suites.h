// SPDX-License-Identifier: Apache-2.0
/*
 * Remote suites by apt: fetched and verified by apt-get in a folder of our own per apt line, so
 * that the machine's lists and settings stay untouched and one suite that fails leaves the others
 * as they are. Only source indexes. Touches no database.
 */
#ifndef CORE_ARCHIVE_SUITES_H
#define CORE_ARCHIVE_SUITES_H

#include <stddef.h>
#include <time.h>

#include "core/archive/hash.h"
#include "core/base/arena.h"
#include "core/base/err.h"

struct suites_line { /* one apt line */
    const char *uri, *suite;
    const char *components; /* joined by one space; "" for a flat suite ending in a slash */
    const char *options; /* as between the brackets, or ""; without signed-by the keyring counts */
};

struct suites_file {
    const char *component, *path; /* an uncompressed Sources file */
};

struct suites_lists {
    struct suites_file *files;
    size_t count;
    char fingerprint[SHA256_HEX]; /* of the verified Release text and of the rules that read it */
    time_t date;                  /* its Date; 0: none */
    char origin[64];              /* its Origin (Debian) and Suite (testing), cut; "": none */
    char archive[64];
};

/* The folder's name below <data>/apt of a line: stable over restarts and database resets. */
const char *suites_folder(struct arena *a, const struct suites_line *line);

/* Refreshes and verifies one line's lists in <data>/apt. keyring: for lines without signed-by,
 * NULL is an error then. On failure the lists stay as they were. ERR_TRANSIENT: not reached, or
 * met in the middle of an update; ERR_INPUT: signature, expiry, no such suite or component. */
int suites_fetch(const char *data, const char *keyring, const struct suites_line *line,
                 struct arena *a, struct suites_lists *out, struct err *e);

/* Removes folders below <data>/apt that belong to none of the lines. */
int suites_clean(const char *data, const struct suites_line *lines, size_t count, struct err *e);

#endif
