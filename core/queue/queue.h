// SPDX-License-Identifier: Apache-2.0
/*
 * The queue as the supervisor uses it: claim, lease, progress, lines, finish. Thin C over the SQL
 * functions of sql/functions/queue.sql; each call is one short transaction of its own.
 */
#ifndef CORE_QUEUE_QUEUE_H
#define CORE_QUEUE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/db/db.h"
#include "core/queue/job.h"

struct queue_claim {
    int64_t id, token;
    char kind[16], what[256], request_id[128]; /* request_id may be "" */
    int attempt, max_attempts;
};

/* A job of (kind, what) is queued unless one is; *id is the one that waits. cause: who asks. */
int queue_enqueue(struct db *db, const char *kind, const char *what, const char *cause, int64_t *id,
                  struct err *e);

struct queue_want {
    const char *host, *worker; /* worker: this supervisor's name */
    int64_t lease_s;
    int max_attempts;
    bool any_time;    /* also jobs that wait for their backoff (--once) */
    const char *only; /* one kind; NULL: any */
};

/* Takes the next due job. 1: claimed, 0: nothing due, -1: error. */
int queue_claim(struct db *db, const struct queue_want *want, struct queue_claim *claim,
                struct err *e);

/* Renews the lease. *held: the token is still the job's; *cancelling: an admin wants it stopped. */
int queue_renew(struct db *db, const struct queue_claim *claim, int64_t lease_s, bool *held,
                bool *cancelling, struct err *e);

/* Step (NULL: unchanged) and progress (total < 0: none). */
int queue_progress(struct db *db, const struct queue_claim *claim, const char *step, int64_t done,
                   int64_t total, const char *unit, struct err *e);

int queue_line(struct db *db, const struct queue_claim *claim, enum job_level level,
               const char *step, const char *text, struct err *e);

enum queue_outcome {
    QUEUE_DONE,
    QUEUE_RETRY,  /* again after backoff; failed if the attempts are used up */
    QUEUE_FAILED, /* for good */
    QUEUE_CANCELLED,
    QUEUE_RELEASED, /* the worker stops: queued again at once, the attempt does not count */
};

/* Ends the run. state (may be NULL) gets the job's state after it: done, queued, failed,
 * cancelled, superseded; "" if the token was no longer the job's. */
int queue_finish(struct db *db, const struct queue_claim *claim, enum queue_outcome outcome,
                 const char *error, const char *detail, int64_t backoff_s, char state[16],
                 struct err *e);

/* Takes back jobs whose lease ran out; returns how many, -1: error. */
int queue_reap(struct db *db, int64_t backoff_s, struct err *e);

#endif
