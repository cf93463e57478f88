// SPDX-License-Identifier: Apache-2.0
/*
 * deb-status-worker at work: claims jobs, runs each in a process of its own, keeps their leases,
 * writes what they report, ends them. One loop, one database connection, no threads; runs no job's
 * code itself.
 */
#ifndef CORE_WORKER_SUPERVISOR_H
#define CORE_WORKER_SUPERVISOR_H

#include <stdbool.h>

struct supervisor_options {
    const char *config; /* the main file */
    const char *host;   /* whose disk this is: jobs of this host are ours */
    bool once;          /* what is queued and what that causes, then the end */
    bool configure;     /* with once: nothing but the configuration into the database */
};

/* Returns the program's exit code: 0; 1 if, with once, a job of this call failed; 2 if it
 * could not work, or had to stop (the schema is newer). */
int supervisor_run(const struct supervisor_options *options);

#endif
