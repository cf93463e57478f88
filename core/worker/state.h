// SPDX-License-Identifier: Apache-2.0
/* Private to the supervisor: what it knows, shared by its loop and its upkeep. */
#ifndef CORE_WORKER_STATE_H
#define CORE_WORKER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config/config.h"
#include "core/db/db.h"
#include "core/worker/slot.h"
#include "core/worker/supervisor.h"

struct supervisor {
    const struct supervisor_options *o;
    struct config *config;
    int config_fd; /* of config_save, for the jobs */
    char name[300];
    struct db *db; /* NULL: away */
    struct slot *slots;
    size_t slot_count;
    int signals;
    bool ended, stopping;
    int exit_code;
    bool moving;           /* the configuration names another database: after the running jobs */
    bool wake;             /* look for jobs now */
    bool check_cancelling; /* something was notified: it may be a cancel */
    bool everything;       /* with once: not only configure any more */
    bool failed;           /* a job of this call ended failed */
    int64_t connect_ms, connect_wait_ms, lost_ms; /* next try; lost since, 0: connected */
    int64_t claim_ms, stop_ms, left_ms;
    int64_t config_ms, seen_ms, reap_ms, schedule_ms, expire_ms, schema_ms, watchdog_ms; /* next */
    char refused[1024]; /* why the changed configuration was not taken, or "" */
};

/* True if a database is there. Connects if a try is due; ends the supervisor if it can
 * never work. */
bool upkeep_connect(struct supervisor *s, int64_t now);
void upkeep_disconnect(struct supervisor *s);
/* After a call that failed: drops a lost connection, logs. */
void upkeep_trouble(struct supervisor *s, const char *what, const struct err *e);

int upkeep_load_config(struct supervisor *s, struct err *e);
/* What is due by the clock: configuration, schedule, lost jobs, retention, signs of life. */
void upkeep_run(struct supervisor *s, int64_t now);

/* The loop ends, with this exit code, after running jobs were stopped. */
void supervisor_stop(struct supervisor *s, int exit_code);
size_t supervisor_running(const struct supervisor *s);

#endif
