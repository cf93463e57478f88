// SPDX-License-Identifier: Apache-2.0
/* The table of jobs: one row per kind, each in a file of its own (job_KIND.c). */
#ifndef CORE_WORKER_JOBS_H
#define CORE_WORKER_JOBS_H

#include "core/queue/job.h"

extern const struct job_kind job_kind_archives, job_kind_configure, job_kind_mirror,
    job_kind_releases;

/* NULL: no such kind. */
const struct job_kind *jobs_find(const char *kind);

#endif
