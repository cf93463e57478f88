// SPDX-License-Identifier: Apache-2.0
/*
 * What of a suite is published on this disk, and where it came from. The tree says what is served;
 * a record beside the archive, found by the hash of the tree's signed file, says which generation
 * that is. Records are written before the switch, so at every instant of a crash the tree that is
 * there has one. The database is told after the switch, and follows the disk.
 */
#ifndef CORE_ARCHIVE_PUBLISHED_H
#define CORE_ARCHIVE_PUBLISHED_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/archive/hash.h"
#include "core/archive/place.h"
#include "core/archive/release.h"
#include "core/base/buf.h"

struct published_record {
    int generation;
    const char *mirror;
    char host_sha256[SHA256_HEX]; /* of the text that the host signed */
    time_t host_date;             /* its Date */
    /* the newest ever taken, another one after a rollback: an older one is a downgrade */
    char newest_host_sha256[SHA256_HEX];
    time_t newest_host_date;
    time_t published;
    char signing_key[SHA256_HEX]; /* hash of sign-with's file; "": the host's signature alone */
    int rolled_back_to;           /* 0: no rollback */
    int content_of; /* the generation whose content it is: itself but after a rollback */
};

struct published {
    bool exists;         /* there is a tree with a signed file */
    bool recorded;       /* and a record of it */
    char id[SHA256_HEX]; /* of InRelease, or of Release if there is no InRelease */
    bool inline_signed;  /* has InRelease */
    time_t mtime;        /* of that file */
    struct buf text;     /* what was signed */
    struct release release;
    struct published_record record;
};

/* Reads a tree (dists/SUITE, or an earlier generation's folder). A suite that is not there is no
 * error; a tree without a readable Release is ERR_INPUT. Free with published_free. */
int published_read(struct arena *a, const struct place *p, const char *suite, const char *folder,
                   struct published *out, struct err *e);
void published_free(struct published *p);

/* The id of a tree: hash of its signed file. ERR_NOT_FOUND: it has none. */
int published_id(struct arena *a, const char *folder, char id[SHA256_HEX], bool *inline_signed,
                 time_t *mtime, struct err *e);

int published_write_record(struct arena *a, const struct place *p, const char *suite,
                           const char *id, const struct published_record *r, struct err *e);

#endif
