// SPDX-License-Identifier: Apache-2.0
/*
 * Where things lie on the disk of an archive. Served:
 *   ROOT/dists/SUITE/         the published generation of a suite, exchanged as a whole
 *   ROOT/pool/                packages; a path never changes its content
 *   ROOT/project/trace/HOST   when we published last, for those who mirror us
 *   ROOT/archive-keyring.gpg, .asc
 * Not served, ROOT.work beside it on the same file system:
 *   locks/MIRROR              held by the one run that may touch that mirror's suites
 *   locks/pool                held while pool files are taken in or removed
 *   staging/MIRROR/           what a run fetches, until it is verified
 *   staging/MIRROR/taken      some of it has gone to the pool
 *   generations/SUITE/N/      earlier generations; next/ is the one being made
 *   records/SUITE/HASH        what a generation came from, by the SHA-256 of its signed file
 *   recheck/MIRROR            the next run shall look at every file again
 */
#ifndef CORE_ARCHIVE_PLACE_H
#define CORE_ARCHIVE_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/err.h"

struct place {
    const char *root; /* publish.root without trailing slashes */
    const char *work; /* beside it */
};

struct place place_of(struct arena *a, const char *publish_root);

const char *place_suite(struct arena *a, const struct place *p, const char *suite);
const char *place_generations(struct arena *a, const struct place *p, const char *suite);
const char *place_records(struct arena *a, const struct place *p, const char *suite);
const char *place_staging(struct arena *a, const struct place *p, const char *mirror);
const char *place_taken(struct arena *a, const struct place *p, const char *mirror);
const char *place_lock(struct arena *a, const struct place *p, const char *name);
const char *place_recheck(struct arena *a, const struct place *p, const char *mirror);

/* Makes the folders. ERR_SYSTEM also if root and work lie on two file systems. */
int place_prepare(struct arena *a, const struct place *p, struct err *e);

/* Opens a regular file below a folder without following a link in any part of the name. -1 with
 * errno: ENOENT; ELOOP, EXDEV or ENOTSUP: a link, a device, a folder. */
int place_open_beneath(int folder_fd, const char *name);

/* Every write of the file system that holds the folder is on disk after that. */
int place_sync(const char *folder, struct err *e);
/* The folder's entries are on disk after that. */
int place_sync_folder(const char *folder, struct err *e);

#endif
