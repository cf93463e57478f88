// SPDX-License-Identifier: Apache-2.0
#include "core/worker/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/utf8.h"
#include "core/worker/guard.h"
#include "core/worker/jobs.h"
#include "core/worker/service.h"
#include "core/worker/state.h"
#include "gen/queries.h"

enum {
    REPORTS_AT_ONCE = 200, /* of one job before the others have their turn */
    POLL_MS = 2000,        /* looks for jobs when no notification came */
    TICK_MS = 1000,
    RENEWALS = 6,          /* in the time of a lease */
    CANCEL_LOOK_MS = 1000, /* at most so often for each job */
    LEFT_WAIT_MS = 10000,  /* --once: for jobs whose rows somebody holds */
    STOP_WAIT_MS = 8000,   /* for the database, to give jobs back */
    UNKNOWN_S = 60,        /* a kind that is not ours: its process says so */
};

size_t supervisor_running(const struct supervisor *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->slot_count; i++)
        n += s->slots[i].busy;
    return n;
}

void supervisor_stop(struct supervisor *s, int exit_code)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->exit_code = exit_code;
    s->stop_ms = clock_monotonic_ms() + STOP_WAIT_MS;
    service_tell("STOPPING=1");
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i].busy)
            slot_stop(&s->slots[i], STOP_RELEASED);
}

/* ---- beginning a job ---- */

static struct slot *free_slot(struct supervisor *s)
{
    size_t wanted = (size_t)s->config->worker_jobs;
    if (supervisor_running(s) >= wanted)
        return NULL;
    if (s->slot_count < wanted) {
        s->slots = realloc(s->slots, wanted * sizeof *s->slots);
        if (!s->slots)
            abort();
        while (s->slot_count < wanted)
            s->slots[s->slot_count++] = (struct slot){.pipe = -1};
    }
    for (size_t i = 0; i < s->slot_count; i++)
        if (!s->slots[i].busy)
            return &s->slots[i];
    return NULL;
}

static void log_job(enum log_level level, const char *event, const struct slot *slot,
                    const char *state, const char *error)
{
    const struct queue_claim *c = &slot->claim;
    bool over = state != NULL;
    log_event(level, event, "job", log_num(c->id), "kind", c->kind, "what",
              *c->what ? c->what : NULL, "attempt", log_num(c->attempt), "request_id",
              *c->request_id ? c->request_id : NULL, "state", state, "ms",
              over ? log_num(clock_monotonic_ms() - slot->started_ms) : NULL, "error",
              error && *error ? error : NULL, NULL);
}

static void begin_job(struct supervisor *s, struct slot *slot, const struct queue_claim *claim,
                      int64_t claimed_ms)
{
    struct err e = {0};
    const struct job_kind *kind = jobs_find(claim->kind);
    s->left_ms = 0;
    if (slot_start(slot, claim, kind ? kind->deadline_s : UNKNOWN_S, s->config_fd, &e)) {
        /* ends like a run of it, at the next turn */
        slot->ended = slot->reported = true;
        slot->outcome = QUEUE_RETRY;
        slot->error = e;
        return;
    }
    slot_renewed(slot, claimed_ms, s->config->worker_lease_s * 1000 * 2 / 3);
    log_job(LOG_INFO, "job-start", slot, NULL, NULL);
}

static void claim_jobs(struct supervisor *s, int64_t now)
{
    struct queue_want want = {.host = s->o->host,
                              .worker = s->name,
                              .lease_s = s->config->worker_lease_s,
                              .max_attempts = s->config->worker_attempts,
                              .any_time = s->o->once,
                              .only = s->o->once && !s->everything ? "configure" : NULL};
    struct slot *slot;
    while (s->db && !s->stopping && !s->moving && (slot = free_slot(s))) {
        struct queue_claim claim = {0};
        struct err e = {0};
        int64_t before = clock_monotonic_ms();
        int rc = queue_claim(s->db, &want, &claim, &e);
        if (rc < 0)
            upkeep_trouble(s, "claim", &e);
        if (rc <= 0) {
            s->wake = false;
            s->claim_ms = now + POLL_MS;
            return;
        }
        begin_job(s, slot, &claim, before);
    }
}

/* ---- a job's reports ---- */

struct progress { /* the last of a batch is enough */
    bool any;
    char step[64], unit[128];
    int64_t done, total;
};

static void take_progress(struct progress *p, const struct report *r)
{
    p->any = true;
    if (r->type == REPORT_STEP) {
        snprintf(p->step, sizeof p->step, "%s", r->fields[0]);
        utf8_clean(p->step);
        p->total = -1;
        return;
    }
    p->done = strtoll(r->fields[0], NULL, 10);
    p->total = strtoll(r->fields[1], NULL, 10);
    if (p->done < 0 || p->total < 0)
        p->done = p->total = 0;
    snprintf(p->unit, sizeof p->unit, "%s", r->fields[2]);
    utf8_clean(p->unit);
}

static int write_line(struct supervisor *s, const struct slot *slot, const struct report *r,
                      struct err *e)
{
    char level = r->fields[0][0];
    char *step = strdup(r->fields[1]), *text = strdup(r->fields[2]);
    if (!step || !text)
        abort();
    utf8_clean(step);
    utf8_clean(text);
    int rc = queue_line(s->db, &slot->claim,
                        level >= '0' && level <= '3' ? (enum job_level)(level - '0') : JOB_RAW,
                        *step ? step : NULL, text, e);
    free(step);
    free(text);
    return rc;
}

/* Writes what the job said; what the database could not take for now stays. */
static void write_reports(struct supervisor *s, struct slot *slot)
{
    struct progress p = {.total = -1};
    struct report r;
    struct err e = {0};
    size_t next;
    for (int n = 0; n < REPORTS_AT_ONCE && s->db && slot_peek(slot, &r, &next) == 1; n++) {
        if (r.type == REPORT_STEP || r.type == REPORT_PROGRESS)
            take_progress(&p, &r);
        else if (r.type == REPORT_LINE && write_line(s, slot, &r, &e)) {
            upkeep_trouble(s, "line", &e);
            if (!s->db)
                break;
        }
        slot_take(slot, next);
    }
    slot->more = slot_peek(slot, &r, &next) == 1;
    if (s->db && p.any &&
        queue_progress(s->db, &slot->claim, *p.step ? p.step : NULL, p.done, p.total, p.unit, &e))
        upkeep_trouble(s, "progress", &e);
}

/* ---- the lease ---- */

static void renew(struct supervisor *s, struct slot *slot, int64_t now)
{
    int64_t lease_ms = s->config->worker_lease_s * 1000;
    int64_t age = now - slot->renewed_ms;
    bool held = true, cancelling = false;
    struct err e = {0};
    if (slot->ended || slot->stop != STOP_NONE)
        return;
    if (now >= slot->hold_ms)
        slot_stop(slot, STOP_LEASE);
    if (!s->db || (age < lease_ms / RENEWALS && !(s->check_cancelling && age >= CANCEL_LOOK_MS)))
        return;
    if (queue_renew(s->db, &slot->claim, s->config->worker_lease_s, &held, &cancelling, &e)) {
        upkeep_trouble(s, "renew", &e);
        return;
    }
    if (!held)
        slot_stop(slot, STOP_LOST);
    else
        slot_renewed(slot, now, lease_ms * 2 / 3);
    if (cancelling)
        slot_stop(slot, STOP_CANCELLED);
}

/* ---- ending a job ---- */

static int write_end(struct supervisor *s, struct slot *slot, enum queue_outcome outcome,
                     char state[16], struct err *e)
{
    const struct err *why = outcome == QUEUE_DONE ? NULL : &slot->error;
    const char *detail = why && *why->detail ? why->detail : NULL;
    if (why && !slot->told) {
        enum job_level level =
            outcome == QUEUE_RETRY || outcome == QUEUE_FAILED ? JOB_ERROR : JOB_WARN;
        if (queue_line(s->db, &slot->claim, level, NULL, why->text, e) ||
            (detail && queue_line(s->db, &slot->claim, JOB_RAW, NULL, detail, e)))
            return -1;
        slot->told = true;
    }
    return queue_finish(s->db, &slot->claim, outcome, why ? why->text : NULL, detail,
                        s->config->worker_backoff_s, state, e);
}

static void end_job(struct supervisor *s, struct slot *slot)
{
    struct err e = {0};
    char state[16] = "";
    enum queue_outcome outcome = slot_outcome(slot);
    const char *error = outcome == QUEUE_DONE ? NULL : slot->error.text;
    if (write_end(s, slot, outcome, state, &e)) {
        upkeep_trouble(s, "finish", &e);
        if (!s->db || e.code == ERR_DATABASE)
            return; /* again at the next turn, or when it is back */
        /* Refused: the lease runs out, and the job is taken back. */
    }
    log_job(strcmp(state, "failed") == 0 ? LOG_ERROR
            : outcome == QUEUE_RETRY     ? LOG_WARN
                                         : LOG_INFO,
            "job-end", slot, *state ? state : "lost", error);
    s->failed = s->failed || strcmp(state, "failed") == 0;
    s->wake = true;
    slot_free(slot);
}

static void tend(struct supervisor *s, struct slot *slot, int64_t now)
{
    slot_read(slot);
    if (s->db)
        write_reports(s, slot);
    slot_tick(slot, now);
    renew(s, slot, now);
    if (s->db && slot_is_over(slot))
        end_job(s, slot);
}

/* ---- the loop ---- */

/* --once: is there anything left that this call could do? */
static void look_for_the_end(struct supervisor *s, int64_t now)
{
    struct db_result *r = NULL;
    struct err e = {0};
    if (!s->o->once || s->stopping || s->wake || !s->db || supervisor_running(s) > 0)
        return;
    if (!s->everything && !s->o->configure) {
        s->everything = s->wake = true;
        return;
    }
    bool left = false;
    if (s->everything) {
        if (db_call(s->db, &query_queue_left, &r, &e, s->o->host)) {
            upkeep_trouble(s, "left", &e);
            return;
        }
        left = db_value_bool(r, 0, "more");
        db_result_free(r);
    }
    if (!left || (s->left_ms && now > s->left_ms)) {
        supervisor_stop(s, s->failed ? 1 : 0);
        return;
    }
    if (!s->left_ms)
        s->left_ms = now + LEFT_WAIT_MS;
    s->claim_ms = 0;
}

static void take_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;
    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
            log_event(LOG_NOTE, "stop", "signal", info.ssi_signo == SIGTERM ? "TERM" : "INT", NULL);
            supervisor_stop(s, s->o->once ? 2 : 0);
        } else if (info.ssi_signo == SIGHUP) {
            s->config_ms = 0; /* look at the files now */
        }
    }
}

/* Sleeps until something comes or is due. */
static void wait_a_while(struct supervisor *s)
{
    struct pollfd fds[2 + GUARD_MAX];
    nfds_t n = 0;
    int64_t now = clock_monotonic_ms(), wait = TICK_MS;
    int64_t renew_ms = s->config->worker_lease_s * 1000 / RENEWALS;
    if (wait > renew_ms && supervisor_running(s) > 0)
        wait = renew_ms;
    fds[n++] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    fds[n++] = (struct pollfd){.fd = s->db ? db_socket(s->db) : -1, .events = POLLIN};
    for (size_t i = 0; i < s->slot_count; i++) {
        const struct slot *slot = &s->slots[i];
        if (slot->pipe >= 0 && slot_has_room(slot))
            fds[n++] = (struct pollfd){.fd = slot->pipe, .events = POLLIN};
        if (slot->more && s->db)
            wait = 0;
    }
    if (!s->db && s->connect_ms - now < wait)
        wait = s->connect_ms > now ? s->connect_ms - now : 0;
    if (s->wake && s->db && !s->stopping && !s->moving &&
        supervisor_running(s) < (size_t)s->config->worker_jobs)
        wait = 0;
    if (s->left_ms && wait > 100)
        wait = 100;
    poll(fds, n, (int)wait);
    int notified = s->db ? db_take_notifications(s->db) : 0;
    if (notified > 0)
        s->wake = s->check_cancelling = true;
}

static void say_goodbye(struct supervisor *s)
{
    if (s->db && !s->o->once)
        db_call(s->db, &query_worker_gone, NULL, NULL, s->name);
}

static void move_database(struct supervisor *s)
{
    if (!s->moving || supervisor_running(s) > 0)
        return;
    log_event(LOG_NOTE, "database-changed", NULL);
    say_goodbye(s);
    upkeep_disconnect(s);
    s->moving = false;
    s->connect_ms = 0;
}

static void turn(struct supervisor *s)
{
    int64_t now = clock_monotonic_ms();
    take_signals(s);
    upkeep_connect(s, now);
    slots_reap(s->slots, s->slot_count);
    for (size_t i = 0; i < s->slot_count; i++)
        if (s->slots[i].busy)
            tend(s, &s->slots[i], clock_monotonic_ms());
    s->check_cancelling = false;
    upkeep_run(s, now);
    move_database(s);
    if (s->wake || now >= s->claim_ms)
        claim_jobs(s, now);
    look_for_the_end(s, now);
}

static int open_signals(struct supervisor *s, struct err *e)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    signal(SIGPIPE, SIG_IGN);
    slots_open();
    if (sigprocmask(SIG_BLOCK, &set, NULL) ||
        (s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
        return err_errno(e, "open the signals");
    return guard_open(e);
}

/* A configuration that is wrong from the start: nothing is kept that could be used. If the main
 * file can be read at all, its database hears why, and with it the pages. */
static void tell_wrong_config(const struct supervisor *s, const struct err *why)
{
    struct config *c = config_load(s->o->config, CONFIG_PAGES, NULL);
    struct db_open_options options = {.role = "deb_status_worker",
                                      .program = "deb-status-worker",
                                      .connect_timeout_s = 2,
                                      .statement_timeout_ms = 2000};
    options.conninfo = c ? c->database : NULL;
    struct db *db = c ? db_open(&options, NULL) : NULL;
    if (db)
        db_call(db, &query_config_refused, NULL, NULL, why->text);
    db_close(db);
    config_free(c);
}

static int start(struct supervisor *s, struct err *e)
{
    srandom((unsigned)getpid() ^ (unsigned)clock_monotonic_ms());
    snprintf(s->name, sizeof s->name, "%s:%d", s->o->host, (int)getpid());
    if (upkeep_load_config(s, e)) {
        tell_wrong_config(s, e);
        return -1;
    }
    if (open_signals(s, e))
        return -1;
    log_event(LOG_INFO, "start", "worker", s->name, "host", s->o->host, "jobs",
              log_num(s->config->worker_jobs), "version", DEB_STATUS_VERSION, NULL);
    service_open();
    service_tell("READY=1");
    return 0;
}

static void finish(struct supervisor *s)
{
    say_goodbye(s);
    for (size_t i = 0; i < s->slot_count; i++)
        slot_free(&s->slots[i]);
    upkeep_disconnect(s);
    free(s->slots);
    config_free(s->config);
    close(s->config_fd);
    close(s->signals);
    log_event(LOG_INFO, "end", "worker", s->name, "exit", log_num(s->exit_code), NULL);
}

int supervisor_run(const struct supervisor_options *options)
{
    struct supervisor s = {.o = options, .config_fd = -1, .signals = -1};
    struct err e = {0};
    if (start(&s, &e)) {
        log_event(LOG_ERROR, "cannot-start", "error", e.text, NULL);
        return 2;
    }
    for (;;) {
        turn(&s);
        if (s.stopping && (supervisor_running(&s) == 0 || clock_monotonic_ms() > s.stop_ms))
            break;
        wait_a_while(&s);
    }
    finish(&s);
    return s.exit_code;
}
