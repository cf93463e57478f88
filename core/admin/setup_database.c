// SPDX-License-Identifier: Apache-2.0
/*
 * deb-status setup-database: roles, database and schema, and on a cluster of this host the lines
 * that let the programs in. What needs a superuser is sql/setup.sql, which psql runs.
 */
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/admin/command.h"
#include "core/admin/pgauth.h"
#include "core/base/arena.h"
#include "core/base/file.h"
#include "core/base/proc.h"
#include "core/db/migrate.h"
#include "core/db/scripts.h"

#define DEBIAN_CLUSTERS  "/etc/postgresql/"
#define AUTH_FILE_MAX    ((size_t)1 << 20)
#define PSQL_DEADLINE_MS 60000
#define RELOAD_TRIES     50 /* of 100 ms: the server takes its new files a moment later */

struct setup {
    struct arena arena;
    const struct config *config;
    const char *as;                   /* --as: a superuser's connection string, or NULL */
    const char *dbname, *host, *port; /* of the configuration's database; NULL: not named */
    bool is_local, write_auth, print;
    bool reloaded; /* the server was told of new lines */
};

/* psql with what it needs of the caller's environment: where passwords are kept. */
static int psql(struct setup *s, const char *script, struct buf *out, struct err *e)
{
    static const char *const passed[] = {"PATH",          "HOME",      "PGPASSFILE",   "PGPASSWORD",
                                         "PGSERVICEFILE", "PGSSLMODE", "PGSSLROOTCERT"};
    const char *env[sizeof passed / sizeof *passed + 2] = {"LC_ALL=C.UTF-8"};
    size_t n = 1;
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (getenv(passed[i]))
            env[n++] = arena_printf(&s->arena, "%s=%s", passed[i], getenv(passed[i]));
    const char *argv[24];
    size_t a = 0;
    bool as_postgres = !s->as && s->is_local && geteuid() == 0;
    if (as_postgres && !getpwnam("postgres"))
        return err_set(e, ERR_NOT_FOUND,
                       "there is no PostgreSQL on this host (apt install postgresql)");
    if (as_postgres) {
        argv[a++] = "setpriv";
        argv[a++] = "--reuid=postgres";
        argv[a++] = "--regid=postgres";
        argv[a++] = "--init-groups";
    }
    const char *const fixed[] = {"psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-v"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        argv[a++] = fixed[i];
    argv[a++] = arena_printf(&s->arena, "dbname=%s", s->dbname);
    argv[a++] = "-d";
    argv[a++] = s->as ? s->as : "postgres";
    if (!s->as && s->host) {
        argv[a++] = "-h";
        argv[a++] = s->host;
    }
    if (!s->as && s->port) {
        argv[a++] = "-p";
        argv[a++] = s->port;
    }
    argv[a] = NULL;
    struct proc_result r = {0};
    struct proc_spec spec = {.argv = argv,
                             .env = env,
                             .input = script,
                             .input_len = strlen(script),
                             .deadline_ms = PSQL_DEADLINE_MS};
    int rc = proc_run_ok(&spec, &r, e);
    if (rc && (strstr(e->text, "start psql") || strstr(e->detail, "execute psql")))
        err_set(e, ERR_SYSTEM, "psql is not installed (apt install postgresql-client)");
    if (rc == 0 && out)
        buf_add(out, r.out.data, r.out.len);
    proc_result_free(&r);
    return rc;
}

/* ---- the lines of pg_hba.conf and pg_ident.conf ---- */

/* Their paths are the server's words, and their folders its user's: what is done with them is done
 * with that user's rights, not root's. */
static int act_as_postgres(const struct setup *s, struct err *e)
{
    const struct passwd *pw = getpwnam("postgres");
    if (s->as || geteuid() != 0)
        return 0;
    if (!pw)
        return err_set(e, ERR_NOT_FOUND, "there is no user postgres");
    if (setgroups(1, &pw->pw_gid) || setegid(pw->pw_gid) || seteuid(pw->pw_uid))
        return err_errno(e, "become user postgres");
    return 0;
}

static int act_as_ourselves(struct err *e)
{
    gid_t group = getgid();
    if (seteuid(getuid()) || setegid(group) || (getuid() == 0 && setgroups(1, &group)))
        return err_errno(e, "become ourselves again");
    return 0;
}

struct auth_file {
    const char *path;
    struct buf old, new;
    struct stat st;
};

static int auth_read(struct setup *s, struct auth_file *f, const char *lines, struct err *e)
{
    if (stat(f->path, &f->st) != 0)
        return err_errno(e, "look at %s", f->path);
    if (f->st.st_uid != geteuid())
        return err_set(e, ERR_DENIED,
                       "%s does not belong to the server's user: add the lines of --print by hand",
                       f->path);
    if (file_read(f->path, AUTH_FILE_MAX, &f->old, e))
        return -1;
    pgauth_place(buf_str(&f->old), s->dbname, lines, &f->new);
    return 0;
}

static int auth_write(const struct auth_file *f, const struct buf *text, struct err *e)
{
    return file_write(f->path, buf_str(text), text->len, f->st.st_mode & 0777, e);
}

/* What the server itself finds wrong in its files; "" if all is well. */
static int auth_errors(struct setup *s, struct buf *out, struct err *e)
{
    return psql(s,
                "select format('%s:%s', f, line) || ': ' || error from ("
                " select 'pg_hba.conf' as f, line_number as line, error from pg_hba_file_rules"
                " union all"
                " select 'pg_ident.conf', line_number, error from pg_ident_file_mappings) x"
                " where error is not null;\n",
                out, e);
}

static int auth_write_new(struct setup *s, struct auth_file files[2], struct err *e)
{
    int rc = act_as_postgres(s, e);
    if (rc == 0 &&
        (auth_write(&files[1], &files[1].new, e) || auth_write(&files[0], &files[0].new, e)))
        rc = -1;
    return act_as_ourselves(rc ? NULL : e) ? -1 : rc;
}

static void auth_write_old(struct setup *s, struct auth_file files[2])
{
    if (act_as_postgres(s, NULL) == 0) {
        auth_write(&files[0], &files[0].old, NULL);
        auth_write(&files[1], &files[1].old, NULL);
    }
    act_as_ourselves(NULL);
}

static int auth_read_both(struct setup *s, struct auth_file files[2], const char *hba,
                          const char *ident, struct err *e)
{
    int rc = act_as_postgres(s, e);
    if (rc == 0 && (auth_read(s, &files[0], hba, e) || auth_read(s, &files[1], ident, e)))
        rc = -1;
    return act_as_ourselves(rc ? NULL : e) ? -1 : rc;
}

/* Both files, checked by the server before they are in force; as they were if it refuses. */
static int auth_install(struct setup *s, struct auth_file files[2], struct err *e)
{
    struct buf wrong = BUF_INIT;
    int rc = auth_write_new(s, files, e) || auth_errors(s, &wrong, e);
    if (rc == 0 && wrong.len > 0) {
        rc = err_set(e, ERR_DENIED, "PostgreSQL refuses its files, they are as they were");
        err_detail(e, wrong.data, (long)wrong.len);
    }
    if (rc) {
        auth_write_old(s, files);
        rc = -1;
    } else {
        rc = psql(s, "select pg_reload_conf();\n", NULL, e);
    }
    buf_free(&wrong);
    return rc;
}

/* The paths of both files, as the server says. */
static int auth_find(struct setup *s, struct auth_file files[2], struct err *e)
{
    struct buf out = BUF_INIT;
    int rc = psql(s, "show hba_file;\nshow ident_file;\n", &out, e);
    char *text = arena_strdup(&s->arena, buf_str(&out)), *save = NULL;
    files[0].path = strtok_r(text, "\n", &save);
    files[1].path = strtok_r(NULL, "\n", &save);
    buf_free(&out);
    if (rc == 0 && !files[1].path)
        rc = err_set(e, ERR_DENIED, "PostgreSQL does not say where pg_hba.conf is");
    return rc;
}

static void auth_print(const char *hba_path, const char *hba, const char *ident_path,
                       const char *ident)
{
    printf("# %s, before all other lines:\n%s# %s:\n%s", hba_path, hba, ident_path, ident);
}

static int set_up_auth(struct setup *s, struct err *e)
{
    struct auth_file files[2] = {{0}};
    struct buf hba = BUF_INIT, ident = BUF_INIT;
    pgauth_hba_lines(s->dbname, &hba);
    pgauth_ident_lines(s->dbname, &ident);
    int rc = auth_find(s, files, e);
    if (rc)
        goto out;
    bool debian = strncmp(files[0].path, DEBIAN_CLUSTERS, strlen(DEBIAN_CLUSTERS)) == 0;
    if (!s->write_auth && (!debian || geteuid() != 0)) {
        auth_print(files[0].path, hba.data, files[1].path, ident.data);
        goto out;
    }
    rc = auth_read_both(s, files, hba.data, ident.data, e);
    if (rc)
        goto out;
    if (strcmp(buf_str(&files[0].old), files[0].new.data) == 0 &&
        strcmp(buf_str(&files[1].old), files[1].new.data) == 0) {
        puts("pg_hba.conf and pg_ident.conf have our lines already");
        goto out;
    }
    rc = auth_install(s, files, e);
    s->reloaded = rc == 0;
    if (rc == 0)
        printf("lines added to %s and %s\n", files[0].path, files[1].path);
out:
    for (int i = 0; i < 2; i++) {
        buf_free(&files[i].old);
        buf_free(&files[i].new);
    }
    buf_free(&hba);
    buf_free(&ident);
    return rc ? -1 : 0;
}

/* ---- the whole ---- */

static struct db *open_as_owner(const struct setup *s, struct err *e)
{
    struct db_open_options options = {
        .conninfo = s->config->database, .role = "deb_status_owner", .program = "deb-status"};
    for (int tries = 0;; tries++) {
        struct db *db = db_open(&options, e);
        if (db || tries == RELOAD_TRIES || !s->reloaded)
            return db;
        poll(NULL, 0, 100);
    }
}

static int make_schema(struct setup *s, struct err *e)
{
    struct migrate_result made;
    struct db *db = open_as_owner(s, e);
    if (!db)
        return err_context(e, "roles and database are there, but their owner cannot connect "
                              "(then `deb-status migrate`)");
    int rc = migrate_run(db, &made, e);
    db_close(db);
    if (rc == 0)
        puts("the schema is there: deb-status check");
    return rc;
}

static int set_up(struct setup *s, struct err *e)
{
    if (s->print) {
        struct buf hba = BUF_INIT, ident = BUF_INIT;
        pgauth_hba_lines(s->dbname, &hba);
        pgauth_ident_lines(s->dbname, &ident);
        printf("-- psql -v dbname=%s -d postgres\n%s\n", s->dbname, db_setup_script);
        auth_print("pg_hba.conf", hba.data, "pg_ident.conf", ident.data);
        buf_free(&hba);
        buf_free(&ident);
        return 0;
    }
    if (psql(s, db_setup_script, NULL, e))
        return err_context(e, "roles and database (needs a superuser: root on the database's host, "
                              "or --as)");
    printf("roles and database \"%s\" are there\n", s->dbname);
    if (s->is_local && set_up_auth(s, e))
        return err_context(e, "authentication");
    if (!s->is_local)
        puts("the server is another host: give each role its way in there (pg_hba.conf, passwords\n"
             "in ~/.pgpass or passfile=)");
    return make_schema(s, e);
}

/* What stands in psql's arguments and in pg_hba.conf between quotes. */
static bool is_plain(const char *dbname)
{
    return *dbname && strlen(dbname) < 64 &&
           dbname[strspn(dbname, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "._-")] == '\0';
}

static const char *named(struct setup *s, const char *keyword)
{
    struct buf value = BUF_INIT;
    const char *text = db_conninfo_value(s->config->database, keyword, &value)
                           ? arena_strdup(&s->arena, value.data)
                           : NULL;
    buf_free(&value);
    return text;
}

static int prepare(struct setup *s, struct err *e)
{
    s->dbname = named(s, "dbname");
    s->host = named(s, "host");
    s->port = named(s, "port");
    s->is_local = !s->host || *s->host == '/';
    if (!s->dbname || !is_plain(s->dbname))
        return err_set(e, ERR_INPUT,
                       "`database` has to name a dbname of letters, digits, '.', '_' and '-'");
    if (s->as && db_conninfo_value(s->as, "password", NULL))
        return err_set(e, ERR_INPUT,
                       "--as: no password on a command line: ~/.pgpass or PGPASSWORD");
    return 0;
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {{"as", required_argument, NULL, 'a'},
                                            {"write", no_argument, NULL, 'w'},
                                            {"print", no_argument, NULL, 'p'},
                                            {0}};
    struct setup s = {.arena = ARENA_INIT};
    for (int o; (o = getopt_long(call->argc, call->argv, ":", options, NULL)) != -1;) {
        if (o == 'a')
            s.as = optarg;
        else if (o == 'w')
            s.write_auth = true;
        else if (o == 'p')
            s.print = true;
        else
            return command_misuse(call, o == ':' ? "--as needs a connection" : "no such option");
    }
    if (optind < call->argc)
        return command_misuse(call, "too many arguments");
    struct config *config = command_config(call);
    if (!config)
        return EXIT_WRONG;
    struct err e = {0};
    s.config = config;
    int code = prepare(&s, &e) || set_up(&s, &e) ? command_fail(&e) : 0;
    arena_free(&s.arena);
    config_free(config);
    return code;
}

const struct command command_setup_database = {
    .name = "setup-database",
    .args = "[--as CONNECTION] [--write] [--print]",
    .help = "make the roles, the database and its schema",
    .more =
        "Works as often as you like. Called by root for a cluster of this host it acts as user\n"
        "postgres, and lets our programs in: peer authentication for this database and its four\n"
        "roles, in a marked block of pg_hba.conf and pg_ident.conf.\n"
        "--as CONNECTION  the superuser's connection (host=db user=postgres dbname=postgres), for\n"
        "                 another host; no password in it: ~/.pgpass\n"
        "--write          change those two files also of a cluster that is not in "
        "/etc/postgresql;\n"
        "                 without it they are printed\n"
        "--print          print all of it, do nothing\n",
    .run = run,
};
