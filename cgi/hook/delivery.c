// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "cgi/hook/hook.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "gen/queries.h"

/* Connecting (2 s is libpq's least) or an answer (1.5 s on the server, 1 s more here), so that a
 * sender has its 503 within 3 s. While the database is away it is tried once a second, and all
 * requests between are answered at once: processes that wait for it would all be busy soon. */
#define CONNECT_TIMEOUT_S    2
#define STATEMENT_TIMEOUT_MS 1500
#define TRY_AGAIN_MS         1000
#define RETRY_BUDGET_MS      300 /* a connection that was found dead this fast is replaced at once */

static void database_drop(struct hook *hook)
{
    db_close(hook->db);
    hook->db = NULL;
}

static int database_open(struct hook *hook, struct err *e)
{
    if (hook->db && !db_is_broken(hook->db))
        return 0;
    database_drop(hook);
    if (!hook->senders.config)
        return err_set(e, ERR_DATABASE, "no configuration could be read yet");
    if (hook->db_failed_ms && clock_monotonic_ms() - hook->db_failed_ms < TRY_AGAIN_MS)
        return err_set(e, ERR_DATABASE, "the database was away a moment ago");
    hook->db = db_open(&(struct db_open_options){.conninfo = hook->senders.config->database,
                                                 .role = "deb_status_hook",
                                                 .program = "hook.fcgi",
                                                 .connect_timeout_s = CONNECT_TIMEOUT_S,
                                                 .statement_timeout_ms = STATEMENT_TIMEOUT_MS},
                       e);
    hook->db_failed_ms = hook->db ? 0 : clock_monotonic_ms();
    return hook->db ? 0 : -1;
}

static int accept_once(struct hook *hook, const struct request *req,
                       const struct delivery *delivery, const char *body, struct db_result **result,
                       struct err *e)
{
    const char *event = request_header(req, "x-github-event");
    if (!event)
        event = request_header(req, "x-gitlab-event");
    if (database_open(hook, e) < 0)
        return -1;
    return db_call(hook->db, &query_accept, result, e, delivery->sender->config->name, delivery->id,
                   body, event, delivery->secret, request_id(req), hook->senders.config->site_url);
}

/* A connection that died since the last request is noticed by the first call on it. The same
 * delivery again is harmless: it is known by its id then. */
static int accept_call(struct hook *hook, const struct request *req,
                       const struct delivery *delivery, struct db_result **result, struct err *e)
{
    struct buf body = BUF_INIT;
    int64_t start = clock_monotonic_ms();
    db_hex(&body, req->body, req->body_len);
    int status = accept_once(hook, req, delivery, buf_str(&body), result, e);
    if (status < 0 && hook->db && db_is_broken(hook->db) &&
        clock_monotonic_ms() - start < RETRY_BUDGET_MS)
        status = accept_once(hook, req, delivery, buf_str(&body), result, e);
    buf_free(&body);
    return status;
}

/* The sender's fault (class 22: the text; 54001: nested too deeply), or the database's. */
static const char *failure(struct hook *hook, struct response *res, const struct err *e)
{
    const char *state = hook->db ? db_sqlstate(hook->db) : "";
    if (e->code == ERR_INPUT && (!strncmp(state, "22", 2) || !strcmp(state, "54001"))) {
        response_error(res, 400, "body");
        return "body";
    }
    log_event(LOG_ERROR, "database", "error", e->text, "state", state, "detail", e->detail, NULL);
    response_header(res, "Retry-After", "5");
    response_error(res, 503, "database");
    return "database";
}

static const char *intern(const char *reason)
{
    static const char *const known[] = {"body", "not-allowed", "id-reused", "database"};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (!strcmp(reason, known[i]))
            return known[i];
    return "body";
}

const char *hook_deliver(struct hook *hook, struct request *req, const struct delivery *delivery,
                         struct response *res)
{
    struct err e = {.code = ERR_NONE};
    struct db_result *result = NULL;
    if (accept_call(hook, req, delivery, &result, &e) < 0) {
        const char *reason = failure(hook, res, &e);
        if (hook->db && db_is_broken(hook->db)) {
            database_drop(hook);
            hook->db_failed_ms = clock_monotonic_ms();
        }
        return reason;
    }
    const char *reason = db_value(result, 0, "reason");
    res->status = (int)db_value_int(result, 0, "status", 500);
    res->type = "application/json";
    buf_reset(&res->body);
    buf_add_str(&res->body, db_value(result, 0, "answer"));
    buf_add_char(&res->body, '\n');
    if (res->status == 503)
        response_header(res, "Retry-After", "5");
    if (!reason)
        log_event(LOG_INFO, "delivery", "sender", delivery->sender->config->name, "id",
                  delivery->id, "status", log_num(res->status), "job", db_value(result, 0, "job"),
                  "request", request_id(req), NULL);
    reason = reason ? intern(reason) : NULL;
    db_result_free(result);
    return reason;
}

void hook_note_refusals(struct hook *hook, bool force)
{
    struct err e = {.code = ERR_NONE};
    if (!refusals_due(&hook->refusals) && !(force && hook->refusals.count > 0))
        return;
    if (database_open(hook, &e) < 0 || refusals_write(&hook->refusals, hook->db, &e) < 0)
        log_event(LOG_WARN, "refusals", "error", e.text, NULL);
}
