// SPDX-License-Identifier: Apache-2.0
/*
 * A job's own process: the program again, called by the supervisor as `--run-job ID --token T`.
 * Descriptor RUN_PIPE takes the reports (core/queue/report.h), RUN_CONFIG holds the configuration
 * that the supervisor accepted. The process ends with the run.
 */
#ifndef CORE_WORKER_RUN_H
#define CORE_WORKER_RUN_H

#include <stdint.h>

enum { RUN_PIPE = 3, RUN_CONFIG = 4 };

/* Runs the job and reports how it ended. Returns the exit code: 0 if a report was sent. */
int run_job(int64_t id, int64_t token);

#endif
