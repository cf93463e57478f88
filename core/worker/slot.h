// SPDX-License-Identifier: Apache-2.0
/*
 * One running job as its supervisor sees it: the process group, the pipe it reports by, and how it
 * ended. Knows no database.
 */
#ifndef CORE_WORKER_SLOT_H
#define CORE_WORKER_SLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/queue/queue.h"
#include "core/queue/report.h"

enum slot_stop { /* why its group was killed */
                 STOP_NONE,
                 STOP_CANCELLED, /* an admin wants it */
                 STOP_LOST,      /* another run holds the job by now */
                 STOP_DEADLINE,
                 STOP_LEASE,    /* the lease could not be renewed */
                 STOP_REPORT,   /* what it sent is no report */
                 STOP_RELEASED, /* the worker stops */
};

struct slot {
    struct queue_claim claim;
    bool busy;
    pid_t pid; /* also its session and process group; 0: there is no process */
    int pipe;  /* -1: closed by the other side */
    struct buf in;
    bool more;                                   /* complete reports wait in it */
    size_t taken;                                /* bytes of in that were dealt with */
    int64_t started_ms, deadline_ms, renewed_ms; /* monotonic */
    int64_t hold_ms;                             /* when the guard kills it */
    int64_t kill_ms;                             /* SIGKILL is due; 0: not stopped */
    int64_t deadline_s;
    enum slot_stop stop;
    bool ended;
    int status; /* of waitpid */
    bool reported;
    bool told; /* its end stands in its log */
    enum queue_outcome outcome;
    struct err error;
};

/* Once, before the first slot: what the processes of ended jobs leave behind comes to us. */
void slots_open(void);

/* Starts the program again for the claimed job, in a session of its own. config: a descriptor of
 * config_save. */
int slot_start(struct slot *s, const struct queue_claim *claim, int64_t deadline_s, int config,
               struct err *e);

/* The lease was renewed by a call that began at at_ms: the group may run for hold_ms from then. */
void slot_renewed(struct slot *s, int64_t at_ms, int64_t hold_ms);

/* False if what was read has to be dealt with before more is. */
bool slot_has_room(const struct slot *s);

/* Reads what came. True if something did. */
bool slot_read(struct slot *s);

/* The next report that was not taken yet: 1, 0 none; wrong ones stop the job. slot_take moves on.
 */
int slot_peek(struct slot *s, struct report *out, size_t *next);
void slot_take(struct slot *s, size_t next);

/* Asks the group to end, and kills it two seconds later (slot_tick). The first reason stays. */
void slot_stop(struct slot *s, enum slot_stop why);
void slot_tick(struct slot *s, int64_t now_ms);

/* Waits for ended children, without blocking. Kills what is left of the group of each slot that
 * ended, and what else its processes left behind. */
void slots_reap(struct slot *slots, size_t count);

/* True if the process ended and all it said was taken. */
bool slot_is_over(const struct slot *s);

/* How the run ended; error and detail from it, or ours. */
enum queue_outcome slot_outcome(struct slot *s);

void slot_free(struct slot *s);

#endif
