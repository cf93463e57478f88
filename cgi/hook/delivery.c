// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "cgi/hook/hook.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "gen/queries.h"

/* A sender has its answer within 3 s of its request, whatever the database does: of these one or
 * two can be mod_fcgid's, which sleeps a whole second when it finds no free process. Two seconds
 * are the least that libpq takes as a limit for connecting. */
#define ANSWER_MS            1500
#define NOTE_MS              500 /* what is done between requests: the next one may be there already */
#define CONNECT_TIMEOUT_S    2
#define STATEMENT_TIMEOUT_MS 1200
#define RETRY_BUDGET_MS      300  /* a connection found dead this fast is replaced at once */
#define HUNG_MS              1000 /* an answer that did not come for so long: nobody waits again */
#define LOG_EVERY_MS         1000

/* NULL: not there, or nothing of the request's time is left. */
static struct db *database(struct hook *hook, struct err *e)
{
    int64_t end_ms = hook->begun_ms + ANSWER_MS, left_ms = end_ms - clock_monotonic_ms();
    struct db_open_options options = {.role = "deb_status_hook",
                                      .program = "hook.fcgi",
                                      .connect_timeout_s = CONNECT_TIMEOUT_S,
                                      .statement_timeout_ms = STATEMENT_TIMEOUT_MS};
    if (!hook->senders.config) {
        err_set(e, ERR_DATABASE, "no configuration could be read yet");
        return NULL;
    }
    options.conninfo = hook->senders.config->database;
    struct db *db = db_connector_get(hook->database, &options, left_ms > 0 ? left_ms : 0, e);
    if (db)
        db_limit(db, end_ms);
    return db;
}

static int accept_once(struct hook *hook, const struct request *req,
                       const struct delivery *delivery, const char *body, struct db **db,
                       struct db_result **result, struct err *e)
{
    const char *event = request_header(req, "x-github-event");
    if (!event)
        event = request_header(req, "x-gitlab-event");
    *db = database(hook, e);
    if (!*db)
        return -1;
    return db_call(*db, &query_accept, result, e, delivery->sender->config->name, delivery->id,
                   body, event, delivery->secret, request_id(req), hook->senders.config->site_url);
}

/* A connection that died since the last request is noticed by the first call on it. The same
 * delivery again is harmless: it is known by its id then. */
static int accept_call(struct hook *hook, const struct request *req,
                       const struct delivery *delivery, struct db **db, struct db_result **result,
                       struct err *e)
{
    struct buf body = BUF_INIT;
    int64_t start = clock_monotonic_ms();
    db_hex(&body, req->body, req->body_len);
    int status = accept_once(hook, req, delivery, buf_str(&body), db, result, e);
    if (status < 0 && *db && db_is_broken(*db) && clock_monotonic_ms() - start < RETRY_BUDGET_MS)
        status = accept_once(hook, req, delivery, buf_str(&body), db, result, e);
    if (status < 0 && *db && db_is_broken(*db)) {
        db_connector_drop(hook->database, clock_monotonic_ms() - start >= HUNG_MS);
        *db = NULL;
    }
    buf_free(&body);
    return status;
}

/* Of the words that come from outside only the event's can be wrong for the database (no UTF-8):
 * class 22. accept() itself answers for the body. */
static const char *failure(struct hook *hook, const struct db *db, struct response *res,
                           const struct err *e)
{
    int64_t now = clock_monotonic_ms();
    if (db && e->code == ERR_INPUT && !strncmp(db_sqlstate(db), "22", 2)) {
        response_error(res, 400, "body");
        return "body";
    }
    if (!hook->logged_ms || now - hook->logged_ms >= LOG_EVERY_MS) {
        log_event(LOG_ERROR, "database", "error", e->text, "detail", e->detail, NULL);
        hook->logged_ms = now;
    }
    response_header(res, "Retry-After", "5");
    response_error(res, 503, "database");
    return "database";
}

static const char *intern(const char *reason)
{
    static const char *const known[] = {"not-allowed", "id-reused", "database"};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcmp(reason, known[i]))
            return known[i];
    return "body";
}

const char *hook_deliver(struct hook *hook, struct request *req, const struct delivery *delivery,
                         struct response *res)
{
    struct err e = {.code = ERR_NONE};
    struct db *db = NULL;
    struct db_result *result = NULL;
    if (accept_call(hook, req, delivery, &db, &result, &e) < 0)
        return failure(hook, db, res, &e);
    const char *reason = db_value(result, 0, "reason");
    res->status = (int)db_value_int(result, 0, "status", 500);
    res->type = "application/json";
    buf_reset(&res->body);
    buf_add_str(&res->body, db_value(result, 0, "answer"));
    buf_add_char(&res->body, '\n');
    if (res->status == 503)
        response_header(res, "Retry-After", "5");
    if (!reason || res->status == 409)
        log_event(reason ? LOG_WARN : LOG_INFO, reason ? reason : "delivery", "sender",
                  delivery->sender->config->name, "id", delivery->id, "status",
                  log_num(res->status), "job", db_value(result, 0, "job"), "request",
                  request_id(req), NULL);
    reason = reason ? intern(reason) : NULL;
    db_result_free(result);
    return reason;
}

void hook_keep_connected(struct hook *hook)
{
    hook->begun_ms = clock_monotonic_ms() - ANSWER_MS; /* without waiting */
    database(hook, NULL);
}

void hook_note_refusals(struct hook *hook, bool force)
{
    struct err e = {.code = ERR_NONE};
    if (!refusals_due(&hook->refusals) && !(force && hook->refusals.count > 0))
        return;
    hook->begun_ms = clock_monotonic_ms() - ANSWER_MS + NOTE_MS;
    struct db *db = database(hook, &e);
    if (db && refusals_write(&hook->refusals, db, &e) == 0)
        return;
    refusals_later(&hook->refusals);
    if (db && db_is_broken(db))
        db_connector_drop(hook->database, true);
    log_event(LOG_WARN, "refusals", "error", e.text, "detail", e.detail, NULL);
}
