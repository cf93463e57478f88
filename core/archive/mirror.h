// SPDX-License-Identifier: Apache-2.0
/*
 * One run over a mirror: its suites fetched by name, verified, published in one atomic step each,
 * and recorded. What is published already and has not changed costs the signed text alone. One
 * suite that fails leaves the others as they are.
 */
#ifndef CORE_ARCHIVE_MIRROR_H
#define CORE_ARCHIVE_MIRROR_H

#include "core/archive/run.h"

/* r: a, config, mirror, db, job, watch and fence are set by the caller, all else is filled here.
 * token: of the run, see core/archive/lock.h. sweep: nobody waits for it, so a host that cannot be
 * reached is noted and is no failure. Gives rights of the process away, for good. */
int mirror_run(struct run *r, int64_t token, bool sweep, struct err *e);

/* The archive's folders and the mirror's lock, as a run takes them; token 0: for a command, which
 * ends nobody else's run. Fills place, the folders of the staging, lock_fd, keep_fds, started_ms.
 */
int mirror_take_place(struct run *r, int64_t token, struct err *e);

#endif
