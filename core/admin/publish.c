// SPDX-License-Identifier: Apache-2.0
/* deb-status publish: looks at the published archive, goes back a generation, and lets a suite on
 * that is held. */
#include <getopt.h>
#include <grp.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/admin/command.h"
#include "core/archive/inspect.h"
#include "core/archive/rollback.h"
#include "core/queue/queue.h"
#include "gen/queries.h"

struct call {
    struct command_session session;
    const struct config_mirror *mirror; /* that has the suite */
    const char *suite;
};

static void print_found(void *data, bool error, const char *text)
{
    (void)data;
    printf("%s: %s\n", error ? "error" : "note", text);
}

/* root's files in the archive would be in the worker's way: what is done there is done as its
 * owner. */
static int become_owner(const struct config *config)
{
    struct stat st;
    struct passwd *user;
    if (geteuid() != 0 || stat(config->publish_root, &st) || st.st_uid == 0)
        return 0;
    user = getpwuid(st.st_uid);
    if (!user) {
        fprintf(stderr, "deb-status publish: publish.root belongs to number %u, which is no user\n",
                (unsigned)st.st_uid);
        return -1;
    }
    if (initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 &&
        setuid(user->pw_uid) == 0)
        return 0;
    fprintf(stderr, "deb-status publish: cannot become the owner of publish.root: %m\n");
    return -1;
}

static int check(struct call *c)
{
    struct inspect look = {.config = c->session.config, .db = c->session.db, .found = print_found};
    struct err e = {0};
    if (inspect_archive(&look, &e))
        return command_fail(&e);
    if (look.errors == 0)
        printf("%d suites, %" PRId64 " files, %" PRId64 " bytes: all as their indexes say\n",
               look.suites, look.files, look.bytes);
    return look.errors ? EXIT_WRONG : 0;
}

static void print_line(void *data, const char *text)
{
    (void)data;
    fprintf(stderr, "%s\n", text);
}

/* A command prints its result; what a run would note on the way is no news to who called it. */
static void no_note(void *data, const char *text)
{
    (void)data;
    (void)text;
}

static void no_step(void *data, const char *step)
{
    (void)data;
    (void)step;
}

static void no_progress(void *data, int64_t done, int64_t total, const char *unit)
{
    (void)data;
    (void)done;
    (void)total;
    (void)unit;
}

static int rollback(struct call *c)
{
    struct arena a = ARENA_INIT;
    struct watch watch = {NULL, no_step, no_progress, no_note, print_line, print_line};
    struct run r = {.a = &a,
                    .config = c->session.config,
                    .mirror = c->mirror,
                    .db = c->session.db,
                    .watch = &watch};
    struct rollback_done done;
    struct err e = {0};
    int code = rollback_suite(&r, c->suite, &done, &e) ? command_fail(&e) : 0;
    if (code == 0)
        printf("%s: generation %d is published, with the content of generation %d.\n"
               "It is held until the host's Release changes, or: deb-status publish --release %s\n",
               c->suite, done.generation, done.content_of, c->suite);
    arena_free(&a);
    return code;
}

/* What is allowed now is tried at once, if a job of the mirror may run. */
static int enqueue(struct call *c, struct err *e)
{
    int64_t job;
    if (c->mirror->frozen) {
        printf("%s: mirror %s is frozen: nothing runs\n", c->suite, c->mirror->name);
        return 0;
    }
    if (queue_enqueue(c->session.db, "mirror", c->mirror->name, "admin", &job, e))
        return command_refused(c->session.db, e);
    printf("%s: job %" PRId64 " of mirror %s is queued\n", c->suite, job, c->mirror->name);
    return 0;
}

static int release(struct call *c)
{
    struct db_result *rows = NULL;
    struct err e = {0};
    if (db_call(c->session.db, &query_publish_release_suite, &rows, &e, c->suite))
        return command_fail(&e);
    int held = db_result_rows(rows);
    db_result_free(rows);
    if (held == 0) {
        fprintf(stderr, "deb-status publish: %s is not held\n", c->suite);
        return EXIT_WRONG;
    }
    return enqueue(c, &e);
}

static int accept_older(struct call *c)
{
    struct err e = {0};
    if (db_call(c->session.db, &query_publish_accept_older, NULL, &e, c->suite))
        return command_fail(&e);
    return enqueue(c, &e);
}

static int carry_out(const struct command_call *call, const char *suite,
                     int (*action)(struct call *))
{
    struct call c = {.suite = suite};
    int code = EXIT_WRONG;
    if (command_begin(call, &c.session))
        return EXIT_WRONG;
    if (!c.session.config->publish_root) {
        fprintf(stderr, "deb-status publish: the configuration has no publish.root\n");
    } else if (suite && !(c.mirror = config_mirror_of_suite(c.session.config, suite))) {
        fprintf(stderr, "deb-status publish: no mirror has a suite %s\n", suite);
    } else if (become_owner(c.session.config) == 0) {
        code = action(&c);
    }
    command_end(&c.session);
    return code;
}

/* For scripts, the package's own first: the configuration says it, no database is asked. */
static int print_where(const struct command_call *call)
{
    struct config *config = command_config(call);
    int code = EXIT_WRONG;
    if (config && config->publish_root) {
        printf("%s\n", config->publish_root);
        code = 0;
    } else if (config) {
        fprintf(stderr, "deb-status publish: the configuration has no publish.root\n");
    }
    config_free(config);
    return code;
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {{"check", no_argument, NULL, 'c'},
                                            {"rollback", required_argument, NULL, 'r'},
                                            {"release", required_argument, NULL, 'l'},
                                            {"accept-older", required_argument, NULL, 'o'},
                                            {0}};
    int (*action)(struct call *) = NULL;
    const char *suite = NULL;
    if (call->argc == 2 && strcmp(call->argv[1], "--where") == 0)
        return print_where(call);
    for (int o; (o = getopt_long(call->argc, call->argv, "", options, NULL)) != -1;) {
        if (action)
            return command_misuse(call, "one of the options at a time");
        action = o == 'c'   ? check
                 : o == 'r' ? rollback
                 : o == 'l' ? release
                 : o == 'o' ? accept_older
                            : NULL;
        if (!action)
            return command_misuse(call, "no such option, or its suite is missing");
        suite = optarg;
    }
    if (!action || optind < call->argc)
        return command_misuse(call, "what shall be done?");
    return carry_out(call, suite, action);
}

const struct command command_publish = {
    .name = "publish",
    .args = "--check\n--rollback SUITE\n--release SUITE\n--accept-older SUITE\n--where",
    .help = "look at the published archive, or go back to an earlier generation",
    .more = "--check          verify every signature, index and pool file; prints what is wrong\n"
            "--rollback       publish the content of the generation before, signed anew; the\n"
            "                 suite is then held until the host's Release changes\n"
            "--release        let a held suite follow its host again\n"
            "--accept-older   take a Release once whose Date is older than the published one's\n"
            "--where          print publish.root\n",
    .run = run,
};
