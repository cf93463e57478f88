// SPDX-License-Identifier: Apache-2.0
#include "core/db/connector.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"

#define TRY_AGAIN_MS  250
#define SHORT_WAIT_MS 100
#define STACK_BYTES   (1u << 20) /* name services and TLS want some */

struct attempt {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool stale; /* what it brings is for an older conninfo; not the thread's business */
    bool done;  /* under the lock; what follows belongs to the thread until then */
    struct db_open_options options;
    struct db *db;
    struct err error;
    int64_t ended_ms;
};

struct db_connector {
    struct db *db;
    struct attempt *attempt; /* in flight, or NULL */
    int64_t failed_ms;       /* when the last one failed; 0: it did not */
    bool hung;               /* somebody has waited in vain since there was a connection */
};

static void *run(void *data)
{
    struct attempt *a = data;
    struct err e = {.code = ERR_NONE};
    struct db *db = db_open(&a->options, &e);
    pthread_mutex_lock(&a->lock);
    a->db = db;
    a->error = e;
    a->ended_ms = clock_monotonic_ms();
    a->done = true;
    pthread_cond_signal(&a->ended);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void attempt_free(struct attempt *a)
{
    pthread_cond_destroy(&a->ended);
    pthread_mutex_destroy(&a->lock);
    free((char *)a->options.conninfo);
    free((char *)a->options.role);
    free((char *)a->options.program);
    free(a);
}

static char *copy(const char *text)
{
    char *s = text ? strdup(text) : NULL;
    if (text && !s)
        abort();
    return s;
}

/* The program's signals are for its own thread. */
static int thread_start(struct attempt *a)
{
    pthread_attr_t attr;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int status = pthread_create(&a->thread, &attr, run, a);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return status;
}

static struct attempt *attempt_start(const struct db_open_options *options)
{
    pthread_condattr_t clock;
    struct attempt *a = calloc(1, sizeof *a);
    if (!a)
        abort();
    a->options = *options;
    a->options.conninfo = copy(options->conninfo);
    a->options.role = copy(options->role);
    a->options.program = copy(options->program);
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&a->ended, &clock);
    pthread_condattr_destroy(&clock);
    if (thread_start(a) != 0) {
        attempt_free(a);
        return NULL;
    }
    return a;
}

static bool attempt_wait(struct attempt *a, int64_t wait_ms)
{
    int64_t until_ms = clock_monotonic_ms() + wait_ms;
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int status = 0;
    pthread_mutex_lock(&a->lock);
    while (!a->done && status == 0 && wait_ms > 0)
        status = pthread_cond_timedwait(&a->ended, &a->lock, &until);
    bool done = a->done;
    pthread_mutex_unlock(&a->lock);
    return done;
}

/* Takes over what the ended attempt brought. */
static int attempt_finish(struct db_connector *c, struct err *e)
{
    struct attempt *a = c->attempt;
    pthread_join(a->thread, NULL);
    c->attempt = NULL;
    if (a->stale) {
        db_close(a->db);
        err_set(e, ERR_DATABASE, "the connection to the database is being made anew");
    } else {
        c->db = a->db;
        c->failed_ms = a->db ? 0 : a->ended_ms;
        c->hung = c->hung && !a->db;
        if (!a->db && e)
            *e = a->error;
    }
    attempt_free(a);
    return c->db ? 0 : -1;
}

struct db_connector *db_connector_new(void)
{
    struct db_connector *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    return c;
}

void db_connector_free(struct db_connector *c)
{
    if (!c)
        return;
    if (c->attempt)
        attempt_finish(c, NULL);
    db_close(c->db);
    free(c);
}

void db_connector_drop(struct db_connector *c, bool hung)
{
    db_close(c->db);
    c->db = NULL;
    c->hung = c->hung || hung;
    if (c->attempt && !hung)
        c->attempt->stale = true;
}

/* 0: there is an attempt in flight, begun now or before. */
static int attempt_begin(struct db_connector *c, const struct db_open_options *options,
                         int64_t *wait_ms, struct err *e)
{
    if (c->attempt) { /* somebody has waited for it already */
        *wait_ms = 0;
        return 0;
    }
    if (c->failed_ms && clock_monotonic_ms() - c->failed_ms < TRY_AGAIN_MS)
        return err_set(e, ERR_DATABASE, "the database was away a moment ago");
    c->attempt = attempt_start(options);
    if (!c->attempt)
        return err_set(e, ERR_DATABASE, "no thread could be started to reach the database");
    if (c->hung && *wait_ms > SHORT_WAIT_MS)
        *wait_ms = SHORT_WAIT_MS;
    return 0;
}

struct db *db_connector_get(struct db_connector *c, const struct db_open_options *options,
                            int64_t wait_ms, struct err *e)
{
    /* one that the server has closed since is known without asking anything of it */
    if (c->db && (db_is_broken(c->db) || db_take_notifications(c->db) < 0))
        db_connector_drop(c, false);
    /* What ended since the last call: a success, or a failure that may be long ago. */
    if (!c->db && c->attempt && attempt_wait(c->attempt, 0))
        attempt_finish(c, e);
    if (c->db)
        return c->db;
    if (attempt_begin(c, options, &wait_ms, e) < 0)
        return NULL;
    if (!attempt_wait(c->attempt, wait_ms)) {
        c->hung = true;
        err_set(e, ERR_DATABASE, "the database does not answer");
        return NULL;
    }
    return attempt_finish(c, e) == 0 ? c->db : NULL;
}
