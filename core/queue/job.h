// SPDX-License-Identifier: Apache-2.0
/*
 * What a job's code gets and calls: core/worker/job_KIND.c is written against this. A job runs in
 * a process of its own with a database connection of its own (role worker). Step, progress and
 * log lines go through a pipe to the supervisor, which writes them: they show at once and survive
 * a rollback, and the job's own transactions never lock its row against the lease.
 */
#ifndef CORE_QUEUE_JOB_H
#define CORE_QUEUE_JOB_H

#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/config/config.h"
#include "core/db/db.h"

enum job_level { JOB_INFO, JOB_WARN, JOB_ERROR, JOB_RAW }; /* raw: words of others, admins only */

struct job {
    struct db *db;
    const struct config *config;
    struct arena *arena; /* freed when the run ends */
    int64_t id, token;
    char id_text[24], token_text[24]; /* as parameters of queries */
    const char *kind, *what;          /* what: the mirror's name, else "" */
    int attempt, max_attempts;        /* attempt from 1 */
    const char *request_id;           /* or NULL */
    int pipe;                         /* to the supervisor; -1: lines go to the log alone */
    char step[64];                    /* the present step */
    int64_t progress_sent_ms;         /* private: when progress was sent last */
};

/* One per core/worker/job_KIND.c: `const struct job_kind job_kind_mirror = {...}`. */
struct job_kind {
    const char *name;
    int64_t deadline_s; /* the run is killed (and tried again) after that */
    /* 0: done. -1: failed; err_is_transient decides between another try and failed for good.
     * Returns with no transaction open. */
    int (*run)(struct job *job, struct err *e);
};

/* Names the step that begins ("fetch", "pool"); progress is 0 again. Any time, also inside a
 * transaction. */
void job_step(struct job *job, const char *step);

/* done of total (0: not known) `unit` ("files", "rows"; behind a bar a note: "files|3.1 of 9.0
 * MB"). Sent at most twice a second, except the last (done == total). Call it as often as you
 * like. */
void job_progress(struct job *job, int64_t done, int64_t total, const char *unit);

/* One line of the job's log; newlines are kept for JOB_RAW alone. */
void job_log(struct job *job, enum job_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* First statement of every transaction that writes the job's results: 0 if this run is still
 * the one that holds the job (it stays so until the transaction ends), else -1 with
 * ERR_CANCELLED; then roll back and return. */
int job_fence(struct job *job, struct err *e) __attribute__((warn_unused_result));

#endif
