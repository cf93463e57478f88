// SPDX-License-Identifier: Apache-2.0
/*
 * The text of a Release file: its fields and the files that it lists. Reads what a signature has
 * covered already; opens no file. https://wiki.debian.org/DebianRepository/Format
 */
#ifndef CORE_ARCHIVE_RELEASE_H
#define CORE_ARCHIVE_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/archive/hash.h"
#include "core/archive/paths.h"
#include "core/base/arena.h"
#include "core/base/err.h"

#define RELEASE_ENTRIES_MAX 8000
#define RELEASE_BYTES_MAX   ((size_t)16 << 20)

struct release_entry {
    const char *name; /* safe (core/archive/paths), relative to the suite's folder */
    size_t plain_len; /* of the name without the ending of a compression */
    enum paths_kind kind;
    int64_t size;
    const char *sums[HASH_KINDS]; /* lower case; NULL: not listed; SHA256 is always there */
};

struct release {
    /* NULL if the text has no such field */
    const char *origin, *label, *suite, *codename, *version, *description, *components,
        *architectures, *not_automatic, *but_automatic_upgrades, *acquire_by_hash;
    time_t date, valid_until;      /* valid_until 0: none */
    struct release_entry *entries; /* by name; what we do not take is left out */
    size_t count;
};

/* ERR_INPUT: no Date, no SHA256, a name that is not allowed, two hashes of one name ... */
int release_parse(struct arena *a, const char *text, size_t len, struct release *out,
                  struct err *e);

/* NULL: not listed (or not taken). */
const struct release_entry *release_find(const struct release *r, const char *name);

/* The strongest kind that every entry has: what apt asks for by hash. */
enum hash_kind release_strongest(const struct release *r);

/* Whether it is the Release of that suite: by its Suite (stable) or its Codename (trixie), as for
 * apt: an archive's folder may have the name of either. */
bool release_is_suite(const struct release *r, const char *suite);

#endif
