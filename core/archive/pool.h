// SPDX-License-Identifier: Apache-2.0
/*
 * Pool files: which of those that a suite's indexes name are missing, fetched by name, checked, and
 * taken into the archive. A published path never changes its content: with replace: true the
 * mirror that published it may, no other. Costs what changed: files that the published generation
 * names already were checked when they came.
 */
#ifndef CORE_ARCHIVE_POOL_H
#define CORE_ARCHIVE_POOL_H

#include "core/archive/run.h"

/* Everything that s->contents names is in the pool, or verified in staging, after that. ERR_INPUT:
 * 'build with a new version', over a limit, no package or another one than the indexes say;
 * ERR_NOT_READY: missing or different at the host. */
int pool_fetch(struct run *r, struct suite *s, struct err *e);

/* Moves the staged files into the pool; all that s->contents names is there after that. The caller
 * holds the pool's lock until the suite is switched, exclusively if files may be replaced. */
int pool_take_in(struct run *r, struct suite *s, struct err *e);

/* The pool's lock: shared while files are taken in and a suite is switched, exclusive while some
 * are replaced or removed. Waits so long, returns the descriptor to close, or -1 with
 * ERR_TRANSIENT. */
int pool_lock(struct arena *a, const struct place *p, bool exclusive, int64_t wait_ms,
              struct err *e);
#define POOL_LOCK_MS 120000

enum pool_state { POOL_GOOD, POOL_ABSENT, POOL_DIFFERS };

/* Looks at one file below a folder: size, and SHA-256. -1: ERR_SYSTEM. */
int pool_look(int folder_fd, const struct contents_file *f, enum pool_state *state, struct err *e);

#endif
