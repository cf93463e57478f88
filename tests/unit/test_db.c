// SPDX-License-Identifier: Apache-2.0
/* core/db against a private PostgreSQL (tests/pg): migrations, queries, COPY, errors, LISTEN. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/proc.h"
#include "core/db/db.h"
#include "core/db/migrate.h"
#include "gen/queries.h"

static char dir[] = "/tmp/deb-status-test.XXXXXX";
static char conninfo[128];

static void pg(const char *command)
{
    struct err e = {0};
    char cwd[512], program[600];
    assert_non_null(getcwd(cwd, sizeof cwd));
    snprintf(program, sizeof program, "%s/tests/pg", cwd);
    const char *argv[] = {"sh", program, command, dir, NULL};
    struct proc_result r = {0};
    struct proc_spec spec = {.argv = argv, .deadline_ms = 60000};
    if (proc_run_ok(&spec, &r, &e))
        fail_msg("tests/pg %s: %s\n%s", command, e.text, e.detail);
    proc_result_free(&r);
}

static struct db *open_as(const char *role)
{
    struct err e = {0};
    struct db_open_options o = {.conninfo = conninfo, .role = role, .program = "test"};
    struct db *db = db_open(&o, &e);
    if (!db)
        fail_msg("%s: %s", e.text, e.detail);
    return db;
}

static int start(void **state)
{
    (void)state;
    struct err e = {0};
    struct migrate_result result;
    assert_non_null(mkdtemp(dir));
    snprintf(conninfo, sizeof conninfo, "host=%s dbname=deb-status", dir);
    pg("start");
    struct db *db = open_as("deb_status_owner");
    if (migrate_run(db, &result, &e))
        fail_msg("%s: %s", e.text, e.detail);
    assert_true(result.applied > 0);
    assert_true(result.code_made);
    db_close(db);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    pg("stop");
    const char *argv[] = {"rm", "-rf", dir, NULL};
    struct proc_result r = {0};
    struct proc_spec spec = {.argv = argv};
    proc_run(&spec, &r, NULL);
    proc_result_free(&r);
    return 0;
}

static void migrate_again_changes_nothing(void **state)
{
    (void)state;
    struct err e = {0};
    struct migrate_result result;
    struct buf out = BUF_INIT;
    struct db *db = open_as("deb_status_owner");
    assert_int_equal(migrate_run(db, &result, &e), 0);
    assert_int_equal(result.applied, 0);
    assert_false(result.code_made);
    assert_int_equal(migrate_status(db, &out, &e), 1);
    assert_non_null(strstr(buf_str(&out), "001-instance applied 20"));
    assert_int_equal(migrate_check(db, &e), 0);
    buf_free(&out);
    db_close(db);
}

static void changed_code_is_made_anew(void **state)
{
    (void)state;
    struct err e = {0};
    struct migrate_result result;
    struct db *db = open_as("deb_status_owner");
    assert_int_equal(db_script(db, "update instance set code_hash = 'other'", &e), 0);
    /* A view and a function with other columns and results than this version's. */
    assert_int_equal(
        db_script(db, "create function gone() returns int language sql as 'select 1'", &e), 0);
    if (migrate_run(db, &result, &e))
        fail_msg("%s: %s", e.text, e.detail);
    assert_int_equal(result.applied, 0);
    assert_true(result.code_made);
    assert_int_equal(db_script(db, "select gone()", &e), -1);
    db_close(db);
}

static void newer_schema_is_refused(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = open_as("deb_status_owner");
    db_script(db, "insert into migrations (number, name, hash) values (999, '999-later', '')", &e);
    assert_int_equal(migrate_check(db, &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
    assert_int_equal(migrate_run(db, NULL, &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
    db_script(db, "delete from migrations where number = 999", &e);
    db_close(db);
}

static void older_schema_is_not_ready(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = open_as("deb_status_owner");
    assert_int_equal(db_begin(db, &e), 0);
    assert_int_equal(db_script(db, "delete from migrations where number > 1", &e), 0);
    assert_int_equal(migrate_check(db, &e), -1);
    assert_int_equal(e.code, ERR_NOT_READY);
    db_rollback(db);
    assert_int_equal(migrate_check(db, &e), 0);
    db_close(db);
}

/* What may go well a moment later, and what never will. */
static void knows_what_passes(void **state)
{
    (void)state;
    static const struct {
        const char *sqlstate;
        enum err_code code;
    } cases[] = {{"40001", ERR_DATABASE}, {"40P01", ERR_DATABASE}, {"55P03", ERR_DATABASE},
                 {"57014", ERR_DATABASE}, {"53300", ERR_DATABASE}, {"25P03", ERR_DATABASE},
                 {"23505", ERR_INPUT},    {"42501", ERR_INPUT},    {"25001", ERR_INPUT},
                 {"55000", ERR_INPUT}};
    struct db *db = open_as("deb_status_owner");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        char sql[100];
        snprintf(sql, sizeof sql, "do $$ begin raise exception 'x' using errcode = '%s'; end $$",
                 cases[i].sqlstate);
        assert_int_equal(db_script(db, sql, &e), -1);
        assert_string_equal(db_sqlstate(db), cases[i].sqlstate);
        assert_int_equal(e.code, cases[i].code);
        assert_false(db_is_broken(db));
    }
    db_close(db);
}

static void errors_have_codes(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = open_as("deb_status_owner");
    assert_int_equal(db_script(db, "select 1/0", &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_string_equal(db_sqlstate(db), "22012");
    assert_false(db_is_broken(db));
    db_script(db, "set statement_timeout = 10", &e);
    assert_int_equal(db_script(db, "select pg_sleep(5)", &e), -1);
    assert_int_equal(e.code, ERR_DATABASE);
    assert_int_equal(db_script(db, "select pg_terminate_backend(pg_backend_pid())", &e), -1);
    assert_int_equal(e.code, ERR_DATABASE);
    assert_true(db_is_broken(db));
    db_close(db);
}

static void failed_transaction_does_not_commit(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = open_as("deb_status_owner");
    assert_int_equal(db_begin(db, &e), 0);
    assert_int_equal(db_script(db, "select 1/0", &e), -1);
    assert_int_equal(db_commit(db, &e), -1);
    assert_int_equal(db_begin(db, &e), 0);
    assert_int_equal(db_commit(db, &e), 0);
    db_close(db);
}

static void hex_is_bytea(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    db_hex(&b, "\x00\xff\x1a", 3);
    assert_string_equal(buf_str(&b), "\\x00ff1a");
    buf_free(&b);
}

/* As the supervisor waits: the socket, then what came. */
static int wait_notified(struct db *db, int timeout_ms)
{
    struct pollfd p = {.fd = db_socket(db), .events = POLLIN};
    int count = 0; /* what comes first may be the server's last words */
    while (count == 0 && poll(&p, 1, timeout_ms) > 0)
        count = db_take_notifications(db);
    return count;
}

static void a_notification_wakes(void **state)
{
    (void)state;
    struct err e = {0};
    struct db *db = open_as("deb_status_worker"), *other = open_as("deb_status_owner");
    assert_int_equal(db_listen(db, &query_listen_jobs, &e), 0);
    assert_int_equal(wait_notified(db, 0), 0);
    assert_int_equal(db_script(other, "notify deb_status_jobs", &e), 0);
    assert_int_equal(wait_notified(db, 5000), 1);
    pg("restart");
    assert_int_equal(wait_notified(db, 5000), -1);
    assert_true(db_is_broken(db));
    db_close(db);
    db_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrate_again_changes_nothing),
        cmocka_unit_test(changed_code_is_made_anew),
        cmocka_unit_test(newer_schema_is_refused),
        cmocka_unit_test(older_schema_is_not_ready),
        cmocka_unit_test(knows_what_passes),
        cmocka_unit_test(errors_have_codes),
        cmocka_unit_test(failed_transaction_does_not_commit),
        cmocka_unit_test(hex_is_bytea),
        cmocka_unit_test(a_notification_wakes),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
