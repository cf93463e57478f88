// SPDX-License-Identifier: Apache-2.0
#include "core/admin/check.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/admin/command.h"

/* ---- findings ---- */

__attribute__((format(printf, 3, 0))) static void say(const char *level, const char *mend,
                                                      const char *format, va_list ap)
{
    struct buf line = BUF_INIT;
    buf_vaddf(&line, format, ap);
    while (line.len > 0 && strchr(". \n", line.data[line.len - 1]))
        line.data[--line.len] = '\0';
    bool asks = line.len > 0 && line.data[line.len - 1] == '?';
    buf_addf(&line, "%s %s", asks ? "" : ".", mend);
    for (char *p = line.data; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
    printf("%s: %s\n", level, line.data);
    buf_free(&line);
}

void check_error(struct check *c, const char *mend, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say("error", mend, format, ap);
    va_end(ap);
    c->errors++;
}

void check_note(struct check *c, const char *mend, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say("note", mend, format, ap);
    va_end(ap);
    c->notes++;
}

void check_say_rows(struct check *c, struct db_result *result)
{
    for (int i = 0; i < db_result_rows(result); i++) {
        const char *finding = db_value(result, i, "finding"), *mend = db_value(result, i, "mend");
        if (strcmp(db_value(result, i, "level"), "error") == 0)
            check_error(c, mend, "%s", finding);
        else
            check_note(c, mend, "%s", finding);
    }
    db_result_free(result);
}

void check_query_failed(struct check *c, const struct err *e)
{
    check_error(c, "Is PostgreSQL well, and the schema this program's (`deb-status migrate`)?",
                "%s: %s", e->text, e->detail);
}

/* ---- users and files ---- */

static bool is_member(const struct passwd *user, gid_t group)
{
    gid_t groups[256];
    int count = sizeof groups / sizeof *groups;
    if (user->pw_gid == group)
        return true;
    if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
        return false;
    for (int i = 0; i < count; i++)
        if (groups[i] == group)
            return true;
    return false;
}

static bool mode_allows(const struct passwd *user, const struct stat *st, unsigned bits)
{
    unsigned mode = st->st_mode & 7;
    if (user->pw_uid == 0)
        return true;
    if (st->st_uid == user->pw_uid)
        mode = (st->st_mode >> 6) & 7;
    else if (is_member(user, st->st_gid))
        mode = (st->st_mode >> 3) & 7;
    return (mode & bits) == bits;
}

bool check_can(const char *user, const char *path, enum check_access what)
{
    const struct passwd *pw = user ? getpwnam(user) : NULL;
    struct stat st;
    if (!pw)
        return true;
    char *part = strdup(path);
    bool can = part != NULL;
    for (char *p = part; can && *p; p++) {
        if (*p != '/' || p == part)
            continue;
        *p = '\0';
        can = stat(part, &st) == 0 && mode_allows(pw, &st, 1);
        *p = '/';
    }
    free(part);
    return can && stat(path, &st) == 0 && mode_allows(pw, &st, what);
}

bool check_is_closed(struct check *c, const char *path)
{
    if (geteuid() == 0 || access(path, R_OK) == 0 || errno != EACCES)
        return false;
    if (!c->said_unreadable)
        check_note(c, "Call check as root.",
                   "secrets and keys that this user cannot read were not looked at, the first: %s",
                   path);
    c->said_unreadable = true;
    return true;
}

const char *check_hook_user(const struct check *c)
{
    if (!c->has_apache || !c->apache.hook.served)
        return NULL;
    return c->apache.hook.by_socket ? "deb-status-hook" : c->apache.user;
}

const char *check_worker_user(const struct check *c)
{
    (void)c;
    return getpwnam("deb-status") ? "deb-status" : NULL;
}

/* ---- the command ---- */

static void check_config(struct check *c)
{
    struct stat st;
    if (stat(c->config->path, &st) == 0 && (st.st_mode & S_IROTH) &&
        (db_conninfo_value(c->config->database, "password", NULL) ||
         (c->config->database_read &&
          db_conninfo_value(c->config->database_read, "password", NULL))))
        check_error(c, "Move it to a file that `passfile=` names, readable by its program alone.",
                    "%s holds the database's password, and everyone can read it", c->config->path);
    const char *users[] = {c->has_apache ? c->apache.user : NULL, check_hook_user(c),
                           check_worker_user(c)};
    for (size_t i = 0; i < sizeof users / sizeof *users; i++)
        if (users[i] && !check_can(users[i], c->config->path, CHECK_READ)) {
            check_error(c, "chmod a+r the file, a+rx its folder: secrets have files of their own.",
                        "user %s cannot read %s", users[i], c->config->path);
            break;
        }
}

static void look(struct check *c)
{
    check_apache(c);
    check_config(c);
    check_database(c);
    check_tools(c);
    check_files(c);
    check_upstreams(c);
    check_secrets(c);
    check_keys(c);
    check_targets(c);
    check_contents(c);
}

static void sum_up(const struct check *c)
{
    fflush(stdout);
    fprintf(stderr, "%s%d error%s, %d note%s\n", c->errors ? "" : "green: ", c->errors,
            c->errors == 1 ? "" : "s", c->notes, c->notes == 1 ? "" : "s");
}

static void say_wrong_config(struct check *c, const char *path, const struct err *e)
{
    if (access(path, R_OK) != 0)
        check_error(c, "-c FILE or DEB_STATUS_CONFIG names another.",
                    "the configuration cannot be read: %s", e->text);
    else
        check_error(c, "Mend that line; deb-status.yaml(5) has every setting.", "%s", e->text);
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {
        {"apache", required_argument, NULL, 'a'}, {"units", required_argument, NULL, 'u'}, {0}};
    struct check c = {.arena = ARENA_INIT, .units = UNITS_DEFAULT_PATH};
    for (int o; (o = getopt_long(call->argc, call->argv, ":", options, NULL)) != -1;) {
        if (o == 'a')
            c.apache_path = optarg;
        else if (o == 'u')
            c.units = optarg;
        else
            return command_misuse(call, o == ':' ? "that option needs a path" : "no such option");
    }
    if (optind < call->argc)
        return command_misuse(call, "too many arguments");
    struct err e = {0};
    struct config *config = config_load(call->config_path, CONFIG_ALL, &e);
    c.config = config;
    if (config)
        look(&c);
    else
        say_wrong_config(&c, config_find(call->config_path), &e);
    sum_up(&c);
    db_close(c.db);
    config_free(config);
    arena_free(&c.arena);
    return c.errors ? EXIT_WRONG : 0;
}

const struct command command_check = {
    .name = "check",
    .args = "[--apache FILE] [--units DIR]",
    .help = "look for what is wrong, and say how to mend it",
    .more = "Each finding is one line, `error: ` or `note: `, with its mend; changes nothing. Call "
            "it as\n"
            "root, who may read all files and connect as each role.\n"
            "--apache FILE  Apache's main configuration, instead of " APACHE_DEFAULT_PATH "\n"
            "--units DIR    systemd's enabled units, instead of " UNITS_DEFAULT_PATH "\n"
            "Exit status: 1 where there is an error, else 0.\n",
    .run = run,
};
