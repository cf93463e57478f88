// SPDX-License-Identifier: Apache-2.0
#include "core/db/db.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/hex.h"
#include "core/db/scripts.h"
#include "gen/queries.h"

#define COPY_CHUNK 65536

struct db {
    PGconn *conn;
    bool *prepared; /* by query index */
    bool broken;
    int64_t limit_ms; /* client-side wait for one statement; 0: none */
    int64_t until_ms; /* and for all of them, on the monotonic clock; 0: none */
    char sqlstate[6];
    struct buf copy;
};

struct db_result {
    PGresult *res;
};

static void xabort_if(bool bad, const char *what)
{
    if (!bad)
        return;
    fprintf(stderr, "bug: %s\n", what);
    abort();
}

bool db_conninfo_value(const char *conninfo, const char *keyword, struct buf *out)
{
    bool found = false;
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    for (PQconninfoOption *o = options; o && o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0 && o->val && *o->val) {
            found = true;
            if (out)
                buf_add_str(out, o->val);
        }
    PQconninfoFree(options);
    return found;
}

static void drop_notice(void *data, const char *message)
{
    (void)data;
    (void)message;
}

static int set_session(struct db *db, int statement_timeout_ms, struct err *e)
{
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", statement_timeout_ms);
    return db_call(db, &query_session_set, NULL, e, timeout);
}

struct db *db_open(const struct db_open_options *options, struct err *e)
{
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d",
             options->connect_timeout_s ? options->connect_timeout_s : 5);
    /* Later keywords win, and dbname is expanded: what conninfo says stays, but for the last. */
    const char *keys[] = {"user",   "connect_timeout", "fallback_application_name",
                          "dbname", "client_encoding", NULL};
    const char *values[] = {db_conninfo_value(options->conninfo, "user", NULL) ? NULL
                                                                               : options->role,
                            timeout,
                            options->program,
                            options->conninfo,
                            "UTF8",
                            NULL};
    struct db *db = calloc(1, sizeof *db);
    xabort_if(!db, "out of memory");
    db->prepared = calloc((size_t)db_query_count, sizeof *db->prepared);
    xabort_if(!db->prepared, "out of memory");
    db->limit_ms = options->statement_timeout_ms ? options->statement_timeout_ms + 1000 : 0;
    db->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(db->conn) != CONNECTION_OK) {
        err_set(e, ERR_DATABASE, "the database cannot be reached");
        err_detail(e, PQerrorMessage(db->conn), -1);
        db_close(db);
        return NULL;
    }
    PQsetNoticeProcessor(db->conn, drop_notice, NULL);
    if (set_session(db, options->statement_timeout_ms, e)) {
        db_close(db);
        return NULL;
    }
    return db;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    PQfinish(db->conn);
    buf_free(&db->copy);
    free(db->prepared);
    free(db);
}

bool db_is_broken(const struct db *db)
{
    return db->broken || PQstatus(db->conn) != CONNECTION_OK;
}

void db_limit(struct db *db, int64_t until_ms)
{
    db->until_ms = until_ms;
}

const char *db_sqlstate(const struct db *db)
{
    return db->sqlstate;
}

/* Away, out of resources, stopped by an admin or by a limit, or a lost race with another
 * transaction: all of them may go well a moment later. */
static bool state_is_passing(const char *state)
{
    static const char *const prefixes[] = {"08", "53", "57P", "57014", "55P03", "25P03", "40"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(state, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

static int fail_lost(struct db *db, const char *what, const char *raw, struct err *e)
{
    db->broken = true;
    snprintf(db->sqlstate, sizeof db->sqlstate, "08006");
    err_set(e, ERR_DATABASE, "the connection to the database was lost (%s)", what);
    if (raw && *raw)
        err_detail(e, raw, -1);
    return -1;
}

static int fail_result(struct db *db, const char *what, const PGresult *res, struct err *e)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    if (!state || PQstatus(db->conn) != CONNECTION_OK)
        return fail_lost(db, what, PQresultErrorMessage(res), e);
    snprintf(db->sqlstate, sizeof db->sqlstate, "%s", state);
    /* A migration replaced what a prepared statement reads: only a new connection helps. */
    bool stale = strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0;
    if (stale || strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0)
        db->broken = true;
    if (stale || state_is_passing(state))
        err_set(e, ERR_DATABASE, "the database could not answer (%s, %s)", what, state);
    else
        err_set(e, ERR_INPUT, "the database refused %s (%s)", what, state);
    err_detail(e, PQresultErrorMessage(res), -1);
    return -1;
}

/* Waits until a result can be taken without blocking. */
static int await_result(struct db *db, int64_t until, const char *what, struct err *e)
{
    while (PQisBusy(db->conn)) {
        int64_t left = until ? until - clock_monotonic_ms() : -1;
        if (until && left <= 0)
            return fail_lost(db, what, "no answer in time", e);
        struct pollfd p = {.fd = PQsocket(db->conn), .events = POLLIN};
        if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
            return fail_lost(db, what, strerror(errno), e);
        if (p.revents && !PQconsumeInput(db->conn))
            return fail_lost(db, what, PQerrorMessage(db->conn), e);
    }
    return 0;
}

/* Reads all results of what was sent, up to ReadyForQuery (only then a commit is certain), and
 * gives the last, or the first that failed. */
static PGresult *collect(struct db *db, int sent, const char *what, struct err *e)
{
    int64_t until = db->limit_ms ? clock_monotonic_ms() + db->limit_ms : 0;
    if (db->until_ms && (!until || db->until_ms < until))
        until = db->until_ms;
    PGresult *last = NULL;
    if (!sent) {
        fail_lost(db, what, PQerrorMessage(db->conn), e);
        return NULL;
    }
    for (;;) {
        if (await_result(db, until, what, e)) {
            PQclear(last);
            return NULL;
        }
        PGresult *next = PQgetResult(db->conn);
        if (!next)
            break;
        if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) {
            PQclear(next);
            continue;
        }
        PQclear(last);
        last = next;
        if (PQresultStatus(last) == PGRES_COPY_IN)
            break;
    }
    if (!last)
        fail_lost(db, what, PQerrorMessage(db->conn), e);
    return last;
}

/* As collect; NULL also for a result that is an error. */
static PGresult *collect_ok(struct db *db, int sent, const char *what, struct err *e)
{
    PGresult *res = collect(db, sent, what, e);
    if (!res)
        return NULL;
    switch (PQresultStatus(res)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_COPY_IN:
    case PGRES_EMPTY_QUERY:
        return res;
    default:
        fail_result(db, what, res, e);
        PQclear(res);
        return NULL;
    }
}

static int run_plain(struct db *db, const char *name, const char *sql, struct err *e)
{
    if (db_is_broken(db))
        return fail_lost(db, name, NULL, e);
    PGresult *res = collect_ok(db, PQsendQuery(db->conn, sql), name, e);
    PQclear(res);
    return res ? 0 : -1;
}

static int prepare(struct db *db, const struct db_query *query, struct err *e)
{
    if (db->prepared[query->index])
        return 0;
    PGresult *res =
        collect_ok(db, PQsendPrepare(db->conn, query->name, query->sql, 0, NULL), query->name, e);
    PQclear(res);
    if (!res)
        return -1;
    db->prepared[query->index] = true;
    return 0;
}

static int check_rows(const struct db_query *query, const PGresult *res, struct err *e)
{
    int rows = PQntuples(res);
    if (query->rows == DB_ONE && rows != 1)
        return err_set(e, ERR_NOT_FOUND, "query %s gave %d rows where one is expected", query->name,
                       rows);
    if (query->rows == DB_MAYBE && rows > 1)
        return err_set(e, ERR_INPUT, "query %s gave %d rows where at most one is expected",
                       query->name, rows);
    return 0;
}

int db_run(struct db *db, const struct db_query *query, int n, const char *const *params,
           struct db_result **result, struct err *e)
{
    if (result)
        *result = NULL;
    db->sqlstate[0] = '\0';
    if (db_is_broken(db))
        return fail_lost(db, query->name, NULL, e);
    if (prepare(db, query, e))
        return -1;
    PGresult *res = collect_ok(
        db, PQsendQueryPrepared(db->conn, query->name, n, params, NULL, NULL, 0), query->name, e);
    if (!res)
        return -1;
    if (check_rows(query, res, e)) {
        PQclear(res);
        return -1;
    }
    if (!result) {
        PQclear(res);
        return 0;
    }
    *result = malloc(sizeof **result);
    xabort_if(!*result, "out of memory");
    (*result)->res = res;
    return 0;
}

int db_result_rows(const struct db_result *r)
{
    return PQntuples(r->res);
}

int db_result_columns(const struct db_result *r)
{
    return PQnfields(r->res);
}

const char *db_result_column_name(const struct db_result *r, int column)
{
    return PQfname(r->res, column);
}

const char *db_value_at(const struct db_result *r, int row, int column)
{
    return PQgetisnull(r->res, row, column) ? NULL : PQgetvalue(r->res, row, column);
}

const char *db_value(const struct db_result *r, int row, const char *column)
{
    int n = PQfnumber(r->res, column);
    xabort_if(n < 0, column);
    return db_value_at(r, row, n);
}

int64_t db_value_int(const struct db_result *r, int row, const char *column, int64_t if_null)
{
    const char *text = db_value(r, row, column);
    return text ? strtoll(text, NULL, 10) : if_null;
}

bool db_value_bool(const struct db_result *r, int row, const char *column)
{
    const char *text = db_value(r, row, column);
    return text && text[0] == 't';
}

void db_result_free(struct db_result *r)
{
    if (!r)
        return;
    PQclear(r->res);
    free(r);
}

void db_hex(struct buf *out, const void *data, size_t len)
{
    char *to = buf_reserve(out, 2 + 2 * len);
    *to++ = '\\';
    *to++ = 'x';
    *hex_write(data, len, to) = '\0';
    out->len += 2 + 2 * len;
}

int db_begin(struct db *db, struct err *e)
{
    return run_plain(db, query_tx_begin.name, query_tx_begin.sql, e);
}

int db_begin_snapshot(struct db *db, struct err *e)
{
    return run_plain(db, query_tx_begin_snapshot.name, query_tx_begin_snapshot.sql, e);
}

int db_commit(struct db *db, struct err *e)
{
    /* COMMIT of a transaction that failed is answered ROLLBACK, without an error. */
    if (PQtransactionStatus(db->conn) == PQTRANS_INERROR) {
        db_rollback(db);
        return err_set(e, ERR_INPUT, "the transaction had failed before its commit");
    }
    return run_plain(db, query_tx_commit.name, query_tx_commit.sql, e);
}

void db_rollback(struct db *db)
{
    if (db_is_broken(db) || PQtransactionStatus(db->conn) == PQTRANS_IDLE)
        return;
    run_plain(db, query_tx_rollback.name, query_tx_rollback.sql, NULL);
}

int db_copy_begin(struct db *db, const struct db_query *query, struct err *e)
{
    buf_reset(&db->copy);
    return run_plain(db, query->name, query->sql, e);
}

static int copy_flush(struct db *db, struct err *e)
{
    if (db->copy.len == 0)
        return 0;
    if (PQputCopyData(db->conn, db->copy.data, (int)db->copy.len) != 1)
        return fail_lost(db, "copy", PQerrorMessage(db->conn), e);
    buf_reset(&db->copy);
    return 0;
}

static void copy_add(struct buf *out, const char *value)
{
    for (const char *c = value; *c; c++) {
        const char *escaped = *c == '\\'   ? "\\\\"
                              : *c == '\t' ? "\\t"
                              : *c == '\n' ? "\\n"
                              : *c == '\r' ? "\\r"
                                           : NULL;
        if (escaped)
            buf_add(out, escaped, 2);
        else
            buf_add_char(out, *c);
    }
}

int db_copy_row(struct db *db, int n, const char *const *values, struct err *e)
{
    for (int i = 0; i < n; i++) {
        if (i > 0)
            buf_add_char(&db->copy, '\t');
        if (values[i])
            copy_add(&db->copy, values[i]);
        else
            buf_add(&db->copy, "\\N", 2);
    }
    buf_add_char(&db->copy, '\n');
    return db->copy.len >= COPY_CHUNK ? copy_flush(db, e) : 0;
}

int db_copy_end(struct db *db, struct err *e)
{
    if (copy_flush(db, e))
        return -1;
    PGresult *res = collect_ok(db, PQputCopyEnd(db->conn, NULL) == 1, "copy", e);
    PQclear(res);
    return res ? 0 : -1;
}

int db_script(struct db *db, const char *sql, struct err *e)
{
    return run_plain(db, "script", sql, e);
}

int db_listen(struct db *db, const struct db_query *query, struct err *e)
{
    return run_plain(db, query->name, query->sql, e);
}

int db_socket(const struct db *db)
{
    return db_is_broken(db) ? -1 : PQsocket(db->conn);
}

/* All that has come, and not only its first part: behind a server's last words stands the end. */
static bool read_what_came(struct db *db)
{
    struct pollfd p = {.events = POLLIN};
    do {
        if (!PQconsumeInput(db->conn) || PQstatus(db->conn) != CONNECTION_OK)
            return false;
        p.fd = PQsocket(db->conn);
    } while (poll(&p, 1, 0) > 0);
    return true;
}

int db_take_notifications(struct db *db)
{
    int count = 0;
    PGnotify *notify;
    if (db_is_broken(db) || !read_what_came(db)) {
        db->broken = true;
        return -1;
    }
    while ((notify = PQnotifies(db->conn))) {
        PQfreemem(notify);
        count++;
    }
    return count;
}
