// SPDX-License-Identifier: Apache-2.0
/*
 * One run per mirror at a time on the disk. A run holds an exclusive flock on the mirror's lock
 * file, which each of its descendants inherits; the file names the run's process group and token.
 * Who takes over kills what is left of the run before and waits for the lock, before it touches
 * anything: a token in the database guards rows, not a disk.
 */
#ifndef CORE_ARCHIVE_LOCK_H
#define CORE_ARCHIVE_LOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

#define LOCK_TAKE_MS 20000

/* Takes the lock; who holds it is killed if it is a run with a lower token (of this machine),
 * else waited for. Returns the descriptor, or -1: ERR_CANCELLED if a later run holds it,
 * ERR_TRANSIENT if it does not come free. token 0: an admin's command, which kills nobody. */
int lock_take(const char *path, int64_t token, int64_t wait_ms, struct err *e);

/* Exclusive or shared flock on a file, waited for; for the pool's lock. */
int lock_wait(const char *path, int exclusive, int64_t wait_ms, struct err *e);

/* From now on the calling process becomes the parent of what its descendants leave behind, and
 * lock_kill_strays ends all its children but those: -1 if some are left (they start new ones
 * faster than they are ended). */
void lock_adopt_strays(void);
int lock_kill_strays(const pid_t *but, size_t count);

#endif
