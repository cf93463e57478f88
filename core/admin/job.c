// SPDX-License-Identifier: Apache-2.0
/* deb-status job: one job with its log, or its retry or cancel. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "core/admin/command.h"
#include "gen/queries.h"

#define EXIT_NOT_ENDED 3

enum action { SHOW, RETRY, CANCEL };

static int exit_code_of(const char *state)
{
    if (strcmp(state, "done") == 0)
        return 0;
    return strcmp(state, "failed") == 0 || strcmp(state, "cancelled") == 0 ? EXIT_WRONG
                                                                           : EXIT_NOT_ENDED;
}

static int show(struct db *db, const char *id, const char *state)
{
    struct db_result *public = NULL, *more = NULL;
    struct err e = {0};
    int code = EXIT_WRONG;
    if (db_call(db, &query_api_job, &public, &e, id, "txt") ||
        db_call(db, &query_admin_job_more, &more, &e, id)) {
        command_fail(&e);
        goto out;
    }
    if (db_result_rows(public))
        fputs(db_value_at(public, 0, 0), stdout);
    fputs(db_value_at(more, 0, 0), stdout);
    code = exit_code_of(state);
out:
    db_result_free(more);
    db_result_free(public);
    return code;
}

static int act(struct db *db, enum action action, const char *id)
{
    struct db_result *r = NULL;
    struct err e = {0};
    if (db_call(db, action == RETRY ? &query_admin_job_retry : &query_admin_job_cancel, &r, &e, id))
        return command_refused(db, &e);
    if (action == RETRY)
        printf("job %s: queued\n", db_value(r, 0, "id"));
    else
        printf("job %s: %s\n", id, db_value(r, 0, "state"));
    db_result_free(r);
    return 0;
}

static int find_and_do(struct db *db, enum action action, const char *asked)
{
    struct db_result *r = NULL;
    struct err e = {0};
    if (db_call(db, &query_admin_job_state, &r, &e, asked))
        return command_fail(&e);
    int code = EXIT_USAGE;
    if (db_result_rows(r) == 0)
        fprintf(stderr, "deb-status: no such job: %s\n", asked);
    else if (action == SHOW)
        code = show(db, db_value(r, 0, "id"), db_value(r, 0, "state"));
    else
        code = act(db, action, db_value(r, 0, "id"));
    db_result_free(r);
    return code;
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {
        {"retry", no_argument, NULL, 'r'}, {"cancel", no_argument, NULL, 'x'}, {0}};
    enum action action = SHOW;
    for (int o; (o = getopt_long(call->argc, call->argv, "", options, NULL)) != -1;) {
        if (o == '?')
            return command_misuse(call, "no such option");
        if (action != SHOW)
            return command_misuse(call, "one of --retry and --cancel");
        action = o == 'r' ? RETRY : CANCEL;
    }
    if (call->argc - optind != 1)
        return command_misuse(call, "which job?");
    const char *id = call->argv[optind];
    size_t digits = strspn(id, "0123456789");
    if (digits == 0 || digits > 18 || id[digits])
        return command_misuse(call, "'%s' is no job's id", id);
    struct command_session s;
    if (command_begin(call, &s))
        return EXIT_WRONG;
    int code = find_and_do(s.db, action, id);
    command_end(&s);
    return code;
}

const struct command command_job = {
    .name = "job",
    .args = "ID [--retry|--cancel]",
    .help = "show a job and its log, try it again, or cancel it",
    .more =
        "A superseded job is followed to the one that took over. The output is `key: value` "
        "lines;\n"
        "detail and log have the raw words of rsync, apt and git, which no page shows.\n"
        "Exit status: 0 done, 1 failed or cancelled, 3 not ended, 2 no such job; with --retry and\n"
        "--cancel 0, or 1 where it was refused.\n",
    .run = run,
};
