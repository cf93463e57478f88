// SPDX-License-Identifier: Apache-2.0
/*
 * What a job's process and all that it starts may do to the disk: write below the configuration's
 * `data` and the temporary folder, a mirror's job also in the archive (publish.root and its work
 * folder), nowhere else. By Landlock, so that it holds without a service manager, too. Reading is
 * not restricted, nor is a kernel without Landlock an error.
 */
#ifndef CORE_WORKER_SANDBOX_H
#define CORE_WORKER_SANDBOX_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/config/config.h"

/* After no_new_privs. archive: the job is a mirror's. A folder that is not there and cannot be made
 * is no error: the job may not need it. ERR_SYSTEM where the kernel has Landlock and it cannot be
 * applied. */
int sandbox_apply(const struct config *config, bool archive, struct arena *a, struct err *e);

#endif
