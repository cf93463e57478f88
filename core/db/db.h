// SPDX-License-Identifier: Apache-2.0
/*
 * PostgreSQL: connections, named queries, transactions, COPY, LISTEN. The only user of libpq.
 * SQL text lives in sql/queries/ and is built in; values are always parameters.
 */
#ifndef CORE_DB_DB_H
#define CORE_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

struct db;
struct db_result;

enum db_rows { DB_NONE, DB_ONE, DB_MAYBE, DB_MANY }; /* what a query promises; checked */

/* Built from sql/queries/NAME.sql: its first line is `-- rows: none|one|maybe|many`. In C the
 * query is `query_NAME`, declared in build's gen/queries.h. Prepared at its first use. */
struct db_query {
    const char *name;
    const char *sql;
    enum db_rows rows;
    int index; /* into the connection's table of prepared statements */
};

struct db_open_options {
    const char *conninfo;  /* libpq connection string */
    const char *role;      /* used as user if conninfo names none */
    const char *program;   /* application_name */
    int connect_timeout_s; /* 0: 5 */
    /* 0: the role's own, and no limit here. Otherwise the server's limit for each statement, and a
     * second later the connection is given up (a server that hangs answers nothing). */
    int statement_timeout_ms;
};

/* NULL: ERR_DATABASE. Close with db_close (NULL is fine). */
struct db *db_open(const struct db_open_options *options, struct err *e)
    __attribute__((warn_unused_result));
void db_close(struct db *db);
bool db_is_broken(const struct db *db); /* the connection is lost: close and open again */

/* From here on no answer is waited for beyond that clock_monotonic_ms (0: none such): a statement
 * that has none by then fails, and the connection is broken. For requests with a deadline. */
void db_limit(struct db *db, int64_t until_ms);

/* What a connection string says of a keyword (dbname, host, port) itself, appended to out (may be
 * NULL). False: nothing, or it is no connection string. */
bool db_conninfo_value(const char *conninfo, const char *keyword, struct buf *out);

/* Runs a query with n text parameters (NULL is SQL null). result may be NULL if rows are of
 * no interest; otherwise freed by db_result_free. Class 08, 53, 57P and timeouts: ERR_DATABASE;
 * all else ERR_INPUT with the server's words as detail. The SQLSTATE: db_sqlstate. */
int db_run(struct db *db, const struct db_query *query, int n, const char *const *params,
           struct db_result **result, struct err *e);

/* db_call(db, &query_x, &result, e, "a", "b"): the parameters as arguments. */
#define db_call(db, query, result, e, ...)                                                         \
    db_run((db), (query),                                                                          \
           (int)(sizeof((const char *[]){NULL, ##__VA_ARGS__}) / sizeof(char *)) - 1,              \
           &((const char *[]){NULL, ##__VA_ARGS__})[1], (result), (e))

const char *db_sqlstate(const struct db *db); /* of the last error; "" */

int db_result_rows(const struct db_result *r);
int db_result_columns(const struct db_result *r);
const char *db_result_column_name(const struct db_result *r, int column);
/* The value as text, NULL for SQL null; valid until the result is freed. By name: a column that
 * is not there is a bug and aborts. */
const char *db_value(const struct db_result *r, int row, const char *column);
const char *db_value_at(const struct db_result *r, int row, int column);
int64_t db_value_int(const struct db_result *r, int row, const char *column, int64_t if_null);
bool db_value_bool(const struct db_result *r, int row, const char *column);
void db_result_free(struct db_result *r);

/* bytea as a parameter: "\x..." appended to out. */
void db_hex(struct buf *out, const void *data, size_t len);

int db_begin(struct db *db, struct err *e);
int db_begin_snapshot(struct db *db, struct err *e); /* REPEATABLE READ, READ ONLY */
int db_commit(struct db *db, struct err *e);
void db_rollback(struct db *db); /* also if none is open */

/* COPY ... FROM STDIN with text rows; the query's text is the COPY command. */
int db_copy_begin(struct db *db, const struct db_query *query, struct err *e);
int db_copy_row(struct db *db, int n, const char *const *values, struct err *e); /* NULL: null */
int db_copy_end(struct db *db, struct err *e);

/* A script of several statements (migrations), in the transaction that is open. */
int db_script(struct db *db, const char *sql, struct err *e);

/* LISTEN: the query is the LISTEN command. The caller polls db_socket and then takes what came. */
int db_listen(struct db *db, const struct db_query *query, struct err *e);
int db_socket(const struct db *db);       /* for poll; -1 if lost */
int db_take_notifications(struct db *db); /* reads what came; returns how many, -1 lost */

#endif
