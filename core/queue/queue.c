// SPDX-License-Identifier: Apache-2.0
#include "core/queue/queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gen/queries.h"

struct number {
    char text[24];
};

static struct number number(int64_t n)
{
    struct number out;
    snprintf(out.text, sizeof out.text, "%" PRId64, n);
    return out;
}

static void copy(char *out, size_t size, const char *value)
{
    snprintf(out, size, "%s", value ? value : "");
}

int queue_enqueue(struct db *db, const char *kind, const char *what, const char *cause, int64_t *id,
                  struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(db, &query_queue_enqueue, &r, e, kind, what, cause))
        return -1;
    if (id)
        *id = db_value_int(r, 0, "id", 0);
    db_result_free(r);
    return 0;
}

int queue_claim(struct db *db, const struct queue_want *want, struct queue_claim *claim,
                struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(db, &query_queue_claim, &r, e, want->host, want->worker, number(want->lease_s).text,
                number(want->max_attempts).text, want->any_time ? "t" : "f", want->only))
        return -1;
    int rows = db_result_rows(r);
    if (rows > 0) {
        claim->id = db_value_int(r, 0, "id", 0);
        claim->token = db_value_int(r, 0, "token", 0);
        copy(claim->kind, sizeof claim->kind, db_value(r, 0, "kind"));
        copy(claim->what, sizeof claim->what, db_value(r, 0, "what"));
        copy(claim->request_id, sizeof claim->request_id, db_value(r, 0, "request_id"));
        claim->attempt = (int)db_value_int(r, 0, "attempts", 1);
        claim->max_attempts = (int)db_value_int(r, 0, "max_attempts", 1);
    }
    db_result_free(r);
    return rows;
}

int queue_renew(struct db *db, const struct queue_claim *claim, int64_t lease_s, bool *held,
                bool *cancelling, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(db, &query_queue_renew, &r, e, number(claim->id).text, number(claim->token).text,
                number(lease_s).text))
        return -1;
    *held = db_result_rows(r) > 0;
    *cancelling = *held && db_value_bool(r, 0, "cancelling");
    db_result_free(r);
    return 0;
}

int queue_progress(struct db *db, const struct queue_claim *claim, const char *step, int64_t done,
                   int64_t total, const char *unit, struct err *e)
{
    bool none = total < 0;
    return db_call(db, &query_queue_progress, NULL, e, number(claim->id).text,
                   number(claim->token).text, step, none ? NULL : number(done).text,
                   total > 0 ? number(total).text : NULL, none ? NULL : unit);
}

int queue_line(struct db *db, const struct queue_claim *claim, enum job_level level,
               const char *step, const char *text, struct err *e)
{
    static const char *const levels[] = {"info", "warn", "error", "raw"};
    return db_call(db, &query_queue_line, NULL, e, number(claim->id).text,
                   number(claim->token).text, number(claim->attempt).text, levels[level], step,
                   text);
}

int queue_finish(struct db *db, const struct queue_claim *claim, enum queue_outcome outcome,
                 const char *error, const char *detail, int64_t backoff_s, char state[16],
                 struct err *e)
{
    static const char *const outcomes[] = {"done", "retry", "failed", "cancelled", "released"};
    struct db_result *r = NULL;
    if (db_call(db, &query_queue_finish, &r, e, number(claim->id).text, number(claim->token).text,
                outcomes[outcome], error, detail, number(backoff_s).text))
        return -1;
    if (state)
        copy(state, 16, db_value(r, 0, "state"));
    db_result_free(r);
    return 0;
}

int queue_reap(struct db *db, int64_t backoff_s, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(db, &query_queue_reap, &r, e, number(backoff_s).text))
        return -1;
    int rows = db_result_rows(r);
    db_result_free(r);
    return rows;
}
