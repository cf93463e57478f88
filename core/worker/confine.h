// SPDX-License-Identifier: Apache-2.0
/*
 * What a job's process and all that it starts may do to the disk: write below the configuration's
 * `data` and the temporary folder, a mirror's job also in the archive (publish.root and its work
 * folder), nowhere else. It holds without a service manager, too. What a job may read is restricted
 * where it takes in what strangers wrote: a mirror's by core/archive/mirror, that of upstreams
 * here.
 */
#ifndef CORE_WORKER_CONFINE_H
#define CORE_WORKER_CONFINE_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/config/config.h"
#include "core/upstream/upstreams.h"

/* For good. archive: the job is a mirror's. A folder that is not there and cannot be made is no
 * error: the job may not need it; nor is a kernel without Landlock. ERR_SYSTEM if it has
 * Landlock and the rules cannot be applied. */
int confine_writes(const struct config *config, bool archive, struct arena *a, struct err *e);

/* The same, and no reading but of `data`, the upstreams' lists and what the network needs: no
 * secret, no key, no configuration. Comes after the database was connected. A repository on this
 * host may lead to any other (alternates, worktrees): where there is one, all can be read. */
int confine_upstreams(const struct config *config, const struct upstream *upstreams, size_t count,
                      struct arena *a, struct err *e);

#endif
