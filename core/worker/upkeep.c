// SPDX-License-Identifier: Apache-2.0
/* What the supervisor does by the clock, beside its jobs. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/db/migrate.h"
#include "core/worker/service.h"
#include "core/worker/state.h"
#include "gen/queries.h"

enum { /* milliseconds */
       CONNECT_WAIT_MIN = 200,
       CONNECT_WAIT_MAX = 10000,
       SCHEMA_WAIT = 2000,  /* for `deb-status migrate` */
       ONCE_BUDGET = 60000, /* how long --once waits for a database that it had */
       CONFIG_EVERY = 1000,
       SEEN_EVERY = 20000,
       REAP_EVERY = 5000,
       SCHEDULE_EVERY = 5000,
       EXPIRE_EVERY = 600000,
       SCHEMA_EVERY = 30000,
};

/* ---- the database ---- */

void upkeep_disconnect(struct supervisor *s)
{
    db_close(s->db);
    s->db = NULL;
}

static void wait_longer(struct supervisor *s, int64_t now)
{
    s->connect_wait_ms = s->connect_wait_ms ? s->connect_wait_ms * 2 : CONNECT_WAIT_MIN;
    if (s->connect_wait_ms > CONNECT_WAIT_MAX)
        s->connect_wait_ms = CONNECT_WAIT_MAX;
    /* up to half as long again: the workers of a site do not come back all at once */
    s->connect_ms = now + s->connect_wait_ms + random() % (s->connect_wait_ms / 2 + 1);
}

/* One line per outage, not per try. */
static void lose(struct supervisor *s, const char *what, const struct err *e)
{
    int64_t now = clock_monotonic_ms();
    if (!s->lost_ms) {
        log_event(LOG_WARN, "database-away", "at", what, "error", e->text, "detail",
                  *e->detail ? e->detail : NULL, NULL);
        service_status("waits for the database");
        s->lost_ms = now;
    }
    upkeep_disconnect(s);
    wait_longer(s, now);
}

void upkeep_trouble(struct supervisor *s, const char *what, const struct err *e)
{
    if (s->db && db_is_broken(s->db)) {
        lose(s, what, e);
        return;
    }
    log_event(LOG_ERROR, "database-refused", "at", what, "error", e->text, "detail",
              *e->detail ? e->detail : NULL, NULL);
    s->schema_ms = 0; /* it may have become another one */
}

/* False if this program cannot work with the schema. */
static bool check_schema(struct supervisor *s)
{
    struct err e = {0};
    if (migrate_check(s->db, &e) == 0)
        return true;
    if (e.code == ERR_DENIED || (e.code != ERR_DATABASE && s->o->once)) {
        log_event(LOG_ERROR, "schema", "error", e.text, "detail", *e.detail ? e.detail : NULL,
                  NULL);
        supervisor_stop(s, 2);
        return false;
    }
    lose(s, "schema", &e);
    if (e.code == ERR_NOT_READY)
        s->connect_ms = clock_monotonic_ms() + SCHEMA_WAIT;
    return false;
}

/* A configuration that the database does not have is a job. */
static int look_at_hash(struct supervisor *s, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(s->db, &query_configure_due, &r, e, s->config->hash, s->o->host))
        return -1;
    if (db_value(r, 0, "job"))
        log_event(LOG_INFO, "configuration-differs", "job", db_value(r, 0, "job"), NULL);
    db_result_free(r);
    return 0;
}

static int say_hello(struct supervisor *s, struct err *e)
{
    if (db_listen(s->db, &query_listen_jobs, e))
        return -1;
    if (!s->o->once &&
        (db_call(s->db, &query_worker_gone, NULL, e, s->name) ||
         db_call(s->db, &query_worker_seen, NULL, e, s->name, s->o->host, DEB_STATUS_VERSION)))
        return -1;
    if (db_call(s->db, &query_config_refused, NULL, e, *s->refused ? s->refused : NULL))
        return -1;
    return look_at_hash(s, e);
}

static void all_due(struct supervisor *s)
{
    s->wake = s->check_cancelling = true;
    s->claim_ms = s->seen_ms = s->reap_ms = s->schedule_ms = 0;
    s->schema_ms = clock_monotonic_ms() + SCHEMA_EVERY;
}

static struct db *open_database(struct supervisor *s, struct err *e)
{
    /* So short that a server which hangs leaves time for the lease of each job. */
    int64_t limit_ms = s->config->worker_lease_s * 1000 / 3;
    struct db_open_options options = {.conninfo = s->config->database,
                                      .role = "deb_status_worker",
                                      .program = "deb-status-worker",
                                      .statement_timeout_ms = (int)(limit_ms < 2000    ? 2000
                                                                    : limit_ms > 10000 ? 10000
                                                                                       : limit_ms)};
    return db_open(&options, e);
}

bool upkeep_connect(struct supervisor *s, int64_t now)
{
    struct err e = {0};
    bool first = s->lost_ms == 0;
    if (s->o->once && !first && now - s->lost_ms > ONCE_BUDGET) {
        supervisor_stop(s, 2);
        return false;
    }
    if (s->db && db_is_broken(s->db)) {
        err_set(&e, ERR_DATABASE, "the connection to the database was lost");
        lose(s, "wait", &e);
    }
    if (s->db)
        return true;
    if (now < s->connect_ms)
        return false;
    s->db = open_database(s, &e);
    if (!s->db) {
        lose(s, "connect", &e);
        if (s->o->once && first)
            supervisor_stop(s, 2);
        return false;
    }
    if (!check_schema(s))
        return false;
    if (say_hello(s, &e)) {
        lose(s, "connect", &e);
        if (s->o->once && e.code != ERR_DATABASE)
            supervisor_stop(s, 2);
        return false;
    }
    if (s->lost_ms)
        log_event(LOG_NOTE, "database-back", "after_s", log_num((now - s->lost_ms) / 1000), NULL);
    s->lost_ms = s->connect_wait_ms = 0;
    service_status("at work");
    all_due(s);
    return true;
}

/* ---- the configuration ---- */

int upkeep_load_config(struct supervisor *s, struct err *e)
{
    struct config *c = config_load(s->o->config, CONFIG_ALL, e);
    if (!c)
        return -1;
    int fd = config_save(c, e);
    if (fd < 0) {
        config_free(c);
        return -1;
    }
    if (s->config) {
        s->moving = s->moving || strcmp(s->config->database, c->database) != 0;
        close(s->config_fd);
        config_free(s->config);
    }
    s->config = c;
    s->config_fd = fd;
    return 0;
}

static void tell_refused(struct supervisor *s)
{
    struct err e = {0};
    if (s->db && db_call(s->db, &query_config_refused, NULL, &e, *s->refused ? s->refused : NULL))
        upkeep_trouble(s, "configuration", &e);
}

static void refuse_config(struct supervisor *s, const struct err *e)
{
    if (strcmp(s->refused, e->text) == 0)
        return; /* said so already */
    log_event(LOG_ERROR, "configuration-refused", "error", e->text, "kept", s->config->hash, NULL);
    snprintf(s->refused, sizeof s->refused, "%s", e->text);
    tell_refused(s);
}

static void watch_config(struct supervisor *s)
{
    struct err e = {0};
    if (!config_is_stale(s->config))
        return;
    char before[sizeof s->config->hash];
    memcpy(before, s->config->hash, sizeof before);
    if (upkeep_load_config(s, &e)) {
        refuse_config(s, &e);
        return;
    }
    if (*s->refused || strcmp(before, s->config->hash) != 0)
        log_event(LOG_NOTE, "configuration-read", "hash", s->config->hash, NULL);
    if (*s->refused) {
        *s->refused = '\0';
        tell_refused(s);
    }
    if (s->db && !s->moving && look_at_hash(s, &e))
        upkeep_trouble(s, "configuration", &e);
}

/* ---- by the clock ---- */

static bool is_due(int64_t *next, int64_t now, int64_t every)
{
    if (now < *next)
        return false;
    *next = now + every;
    return true;
}

static int reap(struct supervisor *s, struct err *e)
{
    int n = queue_reap(s->db, s->config->worker_backoff_s, e);
    if (n > 0)
        log_event(LOG_WARN, "jobs-taken-back", "count", log_num(n), NULL);
    return n < 0 ? -1 : 0;
}

/* The job looks at all upstreams: it comes as often as the one that is looked at most often. */
static int64_t releases_refresh(const struct config *c)
{
    int64_t least = c->upstream.refresh_s;
    for (size_t i = 0; i < c->series_count; i++)
        if (c->series[i].upstream && c->series[i].upstream->refresh_s < least)
            least = c->series[i].upstream->refresh_s;
    return least;
}

static int schedule(struct supervisor *s, struct err *e)
{
    struct db_result *r = NULL;
    char releases[24], archives[24];
    snprintf(releases, sizeof releases, "%" PRId64, releases_refresh(s->config));
    snprintf(archives, sizeof archives, "%" PRId64, s->config->archives_refresh_s);
    if (db_call(s->db, &query_queue_schedule, &r, e, releases, archives))
        return -1;
    for (int i = 0; i < db_result_rows(r); i++)
        log_event(LOG_DEBUG, "scheduled", "job", db_value(r, i, "name"), NULL);
    s->wake = s->wake || db_result_rows(r) > 0;
    db_result_free(r);
    return 0;
}

/* Some thousand rows at a time; if there are more, soon again. */
static int expire(struct supervisor *s, int64_t now, struct err *e)
{
    struct db_result *r = NULL;
    char jobs[24], deliveries[24];
    snprintf(jobs, sizeof jobs, "%" PRId64, s->config->keep_jobs_s);
    snprintf(deliveries, sizeof deliveries, "%" PRId64, s->config->keep_deliveries_s);
    if (db_call(s->db, &query_queue_expire, &r, e, jobs, deliveries))
        return -1;
    if (db_value_int(r, 0, "rows", 0) > 0)
        s->expire_ms = now + REAP_EVERY;
    db_result_free(r);
    return 0;
}

static void run_for_good(struct supervisor *s, int64_t now)
{
    struct err e = {0};
    if (is_due(&s->seen_ms, now, SEEN_EVERY) &&
        db_call(s->db, &query_worker_seen, NULL, &e, s->name, s->o->host, DEB_STATUS_VERSION))
        upkeep_trouble(s, "seen", &e);
    if (s->db && is_due(&s->schedule_ms, now, SCHEDULE_EVERY) && schedule(s, &e))
        upkeep_trouble(s, "schedule", &e);
    if (s->db && is_due(&s->expire_ms, now, EXPIRE_EVERY) && expire(s, now, &e))
        upkeep_trouble(s, "expire", &e);
    if (s->db && is_due(&s->schema_ms, now, SCHEMA_EVERY))
        check_schema(s);
}

void upkeep_run(struct supervisor *s, int64_t now)
{
    struct err e = {0};
    int64_t watchdog = service_watchdog_ms();
    if (watchdog && is_due(&s->watchdog_ms, now, watchdog))
        service_tell("WATCHDOG=1");
    if (s->stopping)
        return;
    if (!s->o->once && is_due(&s->config_ms, now, CONFIG_EVERY))
        watch_config(s);
    if (s->db && is_due(&s->reap_ms, now, REAP_EVERY) && reap(s, &e))
        upkeep_trouble(s, "reap", &e);
    if (s->db && !s->o->once)
        run_for_good(s, now);
}
