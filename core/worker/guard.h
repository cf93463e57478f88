// SPDX-License-Identifier: Apache-2.0
/*
 * Kills process groups whose lease can no longer be renewed, by this process' own monotonic clock
 * and from a signal handler: also while the supervisor waits in a call to a database that hangs.
 */
#ifndef CORE_WORKER_GUARD_H
#define CORE_WORKER_GUARD_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

int guard_open(struct err *e); /* starts the clock */

/* The group is killed when until_ms (monotonic) has passed; called again: the new time counts.
 * Returns -1 if too many are watched. */
int guard_set(pid_t group, int64_t until_ms);
void guard_drop(pid_t group); /* before the group's leader is waited for */

enum { GUARD_MAX = 1024 };

#endif
