// SPDX-License-Identifier: Apache-2.0
/* check: the database as each role reaches it, its schema, rights and connections. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/admin/check.h"
#include "core/db/migrate.h"
#include "gen/queries.h"

#define VERSION_LEAST 150000
#define CLOCK_NOTE_S  5
#define CLOCK_ERROR_S 60 /* a signature is valid for 300 s */
#define LAG_NOTE_S    60
#define CONNECT_S     3

static struct db *open_role(const char *conninfo, const char *role, struct err *e)
{
    struct db_open_options options = {.conninfo = conninfo,
                                      .role = role,
                                      .program = "deb-status",
                                      .connect_timeout_s = CONNECT_S,
                                      .statement_timeout_ms = 60000};
    return db_open(&options, e);
}

static const char *mend_of(const char *detail)
{
    if (strstr(detail, "does not exist"))
        return "`deb-status setup-database` makes roles and database.";
    if (strstr(detail, "authentication failed") || strstr(detail, "no pg_hba.conf entry") ||
        strstr(detail, "no password supplied"))
        return "`deb-status setup-database` on the database's host lets our users in by peer; call "
               "check as root. For another host: passfile= in `database`.";
    if (strstr(detail, "too many connections") || strstr(detail, "remaining connection slots"))
        return "Raise max_connections, or have fewer processes.";
    if (strstr(detail, "No such file or directory"))
        return "Start PostgreSQL (apt install postgresql, and `deb-status setup-database`), or "
               "name "
               "the host that has it in `database`.";
    return "Does PostgreSQL run there, and is `database` right?";
}

static void say_unreachable(struct check *c, const char *role, const struct err *e)
{
    check_error(c, mend_of(e->detail), "the database cannot be reached as %s: %s", role,
                *e->detail ? e->detail : e->text);
}

/* ---- the server ---- */

static void check_clock(struct check *c, const struct db_result *server)
{
    long long apart = (long long)(time(NULL) - db_value_int(server, 0, "clock", 0));
    if (llabs(apart) >= CLOCK_ERROR_S)
        check_error(c,
                    "Run a time service (systemd-timesyncd, chrony) on both: signatures are "
                    "valid for 300 s.",
                    "the clocks of this host and the database are %lld s apart", llabs(apart));
    else if (llabs(apart) >= CLOCK_NOTE_S)
        check_note(c, "Run a time service (systemd-timesyncd, chrony) on both.",
                   "the clocks of this host and the database are %lld s apart", llabs(apart));
}

static int check_server(struct check *c, struct db *db, int *connections)
{
    struct db_result *r = NULL;
    struct err e = {0};
    if (db_call(db, &query_admin_server, &r, &e)) {
        check_query_failed(c, &e);
        return -1;
    }
    *connections = (int)db_value_int(r, 0, "connections", 0);
    if (db_value_int(r, 0, "version", 0) < VERSION_LEAST)
        check_error(c, "PostgreSQL 15 or newer is needed.", "the server is PostgreSQL %s",
                    db_value(r, 0, "version_text"));
    if (strcmp(db_value(r, 0, "encoding"), "UTF8") != 0)
        check_error(c, "Make a new one with `deb-status setup-database`.",
                    "the database's encoding is %s, not UTF8", db_value(r, 0, "encoding"));
    check_clock(c, r);
    db_result_free(r);
    return 0;
}

static void check_standby(struct check *c)
{
    struct err e = {0};
    struct db_result *r = NULL;
    if (!c->config->database_read)
        return;
    struct db *db = open_role(c->config->database_read, "deb_status_pages", &e);
    if (!db) {
        check_error(c, mend_of(e.detail), "database-read cannot be reached as deb_status_pages: %s",
                    e.detail);
        return;
    }
    if (db_call(db, &query_admin_server, &r, &e)) {
        check_query_failed(c, &e);
    } else if (db_value_bool(r, 0, "alone")) {
        check_error(c, "Look at its log: is the primary reached, and does its slot hold the WAL?",
                    "the standby of database-read is not brought up to date: pages show an old "
                    "state");
    } else if (db_value_int(r, 0, "lag_s", 0) > LAG_NOTE_S) {
        check_note(c, "Look at pg_stat_replication on the primary.",
                   "the standby of database-read is %s s behind: pages show that state",
                   db_value(r, 0, "lag_s"));
    }
    db_result_free(r);
    db_close(db);
}

/* ---- connections ---- */

static int connections_of(const struct db_result *roles, const char *role)
{
    for (int i = 0; i < db_result_rows(roles); i++)
        if (strcmp(db_value(roles, i, "role"), role) == 0)
            return (int)db_value_int(roles, i, "connections", -1);
    return -1;
}

/* A program's processes, mod_fcgid's or the sockets' units, against its role's limit. Returns how
 * many, 0 if that is not known. */
static int check_program(struct check *c, const struct apache_program *p, const char *name,
                         const char *role, const struct db_result *roles)
{
    if (!c->has_apache || !p->served)
        return 0;
    int processes =
        p->max_processes || p->by_socket ? p->max_processes : c->apache.max_class_processes;
    int limit = connections_of(roles, role);
    if (limit >= 0 && processes > limit)
        check_error(
            c,
            arena_printf(&c->arena, "`alter role %s connection limit %d`, or %s at most %d.", role,
                         processes, p->by_socket ? "enable" : "MaxProcesses", limit),
            "%s %d processes of %s, each with a connection, and %s may have only %d",
            p->by_socket ? "systemd starts" : "Apache may run", processes, name, role, limit);
    return processes;
}

static void check_connections(struct check *c, int connections)
{
    struct db_result *roles = NULL, *workers = NULL;
    struct err e = {0};
    if (db_call(c->db, &query_admin_roles, &roles, &e) ||
        db_call(c->db, &query_admin_workers, &workers, &e)) {
        check_query_failed(c, &e);
        goto out;
    }
    int hook = check_program(c, &c->apache.hook, "hook.fcgi", "deb_status_hook", roles);
    int pages = check_program(c, &c->apache.pages, "pages.fcgi", "deb_status_pages", roles);
    /* a list of hosts has the primary in it, for the time when the standby is away */
    if (c->config->database_read && !strchr(c->config->database_read, ','))
        pages = 0;
    int alive = (int)db_value_int(workers, 0, "alive", 0);
    int each = c->config->worker_jobs + 1; /* one per job, and the supervisor's */
    int worker = (alive ? alive : 1) * each, limit = connections_of(roles, "deb_status_worker");
    if (limit >= 0 && worker > limit)
        check_error(c,
                    arena_printf(&c->arena,
                                 "`alter role deb_status_worker connection limit %d`, or a smaller "
                                 "worker.jobs.",
                                 worker + 2),
                    "%d workers of %d jobs need %d connections, and deb_status_worker may have "
                    "only %d",
                    alive, c->config->worker_jobs, worker, limit);
    if (hook + pages + worker > connections)
        check_error(c, "Raise max_connections, or have fewer processes.",
                    "our programs may need %d connections (hook %d, pages %d, workers %d), and the "
                    "server has %d",
                    hook + pages + worker, hook, pages, worker, connections);
out:
    db_result_free(workers);
    db_result_free(roles);
}

/* ---- schema and rights ---- */

static bool check_schema(struct check *c, struct db *owner)
{
    struct buf text = BUF_INIT;
    struct err e = {0};
    int current = migrate_status(owner, &text, &e);
    if (current < 0)
        check_query_failed(c, &e);
    else if (current == 0 && strstr(buf_str(&text), "newer than this program"))
        check_error(c, "Install the newer deb-status here, too.",
                    "the database's schema is newer than this program");
    else if (current == 0)
        check_error(c, "`deb-status migrate`.", "the database's schema is not this program's");
    buf_free(&text);
    return current > 0;
}

static void check_rights(struct check *c)
{
    struct db_result *r = NULL;
    struct err e = {0};
    if (db_call(c->db, &query_admin_rights, &r, &e))
        check_query_failed(c, &e);
    else
        check_say_rows(c, r);
}

void check_database(struct check *c)
{
    static const char *const roles[] = {"deb_status_owner", "deb_status_worker", "deb_status_hook",
                                        "deb_status_pages"};
    struct db *dbs[4] = {NULL};
    int connections = 0;
    for (size_t i = 0; i < 4; i++) {
        struct err e = {0};
        dbs[i] = open_role(c->config->database, roles[i], &e);
        if (dbs[i])
            continue;
        say_unreachable(c, roles[i], &e);
        if (i == 0 && strstr(e.detail, "connection to server") && !strstr(e.detail, "FATAL"))
            return; /* nobody answers: once is enough */
    }
    bool current = dbs[0] && check_schema(c, dbs[0]);
    if (!dbs[0] && dbs[1]) {
        struct err e = {0};
        current = migrate_check(dbs[1], &e) == 0;
        if (!current)
            check_error(c, "`deb-status migrate`.", "%s", e.text);
    }
    bool server = dbs[1] && check_server(c, dbs[1], &connections) == 0;
    if (current && dbs[1]) {
        c->db = dbs[1];
        dbs[1] = NULL;
        check_rights(c);
        if (server)
            check_connections(c, connections);
        check_standby(c);
    }
    for (size_t i = 0; i < 4; i++)
        db_close(dbs[i]);
}
