// SPDX-License-Identifier: Apache-2.0
/* deb-status report: the rows of a series and target, in the API's formats; or why one project's
 * row is what it is. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/admin/command.h"
#include "gen/queries.h"

struct report {
    const struct command_call *call;
    struct db *db;
    const char *series, *target; /* as asked for; target NULL: all */
    const char *format;
    const char *explain; /* a project, or NULL */
    struct db_result *targets;
};

/* The document of one target as the API has it; what is in it only has to be harmless if a
 * terminal shows it. */
static int print_document(struct report *r, int row)
{
    struct db_result *doc = NULL;
    struct err e = {0};
    if (db_call(r->db, &query_api_status, &doc, &e, r->format, db_value(r->targets, row, "series"),
                db_value(r->targets, row, "target"), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                NULL))
        return command_fail(&e);
    const char *text = db_value_at(doc, 0, 0);
    if (text && isatty(STDOUT_FILENO))
        command_print_text(text);
    else if (text)
        fputs(text, stdout);
    db_result_free(doc);
    return 0;
}

static int print_list(struct report *r)
{
    struct db_result *list = NULL;
    struct err e = {0};
    if (db_call(r->db, &query_admin_report_list, &list, &e, db_value(r->targets, 0, "series")))
        return command_fail(&e);
    fputs(db_value_at(list, 0, 0), stdout);
    db_result_free(list);
    return 0;
}

/* All targets: JSON as an array of the documents, text one table after another. */
static int print_all(struct report *r)
{
    bool json = strcmp(r->format, "json") == 0;
    int code = 0;
    for (int i = 0; code == 0 && i < db_result_rows(r->targets); i++) {
        fputs(json ? (i == 0 ? "[" : ",") : (i == 0 ? "" : "\n"), stdout);
        code = print_document(r, i);
    }
    if (json && code == 0)
        fputs("]\n", stdout);
    return code;
}

static int explain_in(struct report *r, int row, const char *repo)
{
    static const char *const heads[] = {"RULE",       "NAME",    "VERSION", "SUITE",
                                        "MAINTAINER", "VERDICT", NULL};
    const char *series = db_value(r->targets, row, "series");
    const char *target = db_value(r->targets, row, "target");
    struct db_result *head = NULL, *candidates = NULL;
    struct err e = {0};
    int code = EXIT_WRONG;
    if (db_call(r->db, &query_admin_explain_row, &head, &e, series, target, repo) ||
        db_call(r->db, &query_admin_explain, &candidates, &e, series, target, repo)) {
        command_fail(&e);
        goto out;
    }
    if (row > 0)
        putchar('\n');
    if (db_result_rows(head))
        command_print_text(db_value(head, 0, "text"));
    else
        printf("%s in %s on %s: not compared yet\n", repo, series, target);
    if (db_result_rows(candidates)) {
        putchar('\n');
        command_print_table(candidates, heads);
    }
    code = 0;
out:
    db_result_free(candidates);
    db_result_free(head);
    return code;
}

static int explain(struct report *r)
{
    struct db_result *found = NULL;
    struct err e = {0};
    const char *series = db_value(r->targets, 0, "series");
    int code = EXIT_WRONG;
    if (db_call(r->db, &query_admin_explain_project, &found, &e, series, r->explain))
        return command_fail(&e);
    if (db_result_rows(found) == 1) {
        code = 0;
        for (int i = 0; code == 0 && i < db_result_rows(r->targets); i++)
            code = explain_in(r, i, db_value(found, 0, "repo"));
    } else {
        fprintf(stderr, "deb-status: %s: no such project in %s\n", r->explain, series);
        for (int i = 0; i < db_result_rows(found); i++)
            fprintf(stderr, "  did you mean %s?\n", db_value(found, i, "repo"));
    }
    db_result_free(found);
    return code;
}

static int fail_unknown(struct report *r)
{
    struct db_result *names = NULL;
    struct err e = {0};
    if (db_call(r->db, &query_admin_series, &names, &e))
        return command_fail(&e);
    const char *known = db_value(names, 0, "names");
    fprintf(stderr, "deb-status: no such %s: %s%s%s\n", r->target ? "series and target" : "series",
            r->series, r->target ? "/" : "", r->target ? r->target : "");
    if (*known)
        fprintf(stderr, "  there are: %s\n", known);
    else
        fputs("  there is none yet: the worker takes releases.d into the database\n", stderr);
    db_result_free(names);
    return EXIT_WRONG;
}

static int print_report(struct report *r)
{
    struct err e = {0};
    if (db_call(r->db, &query_admin_targets, &r->targets, &e, r->series, r->target))
        return command_fail(&e);
    int rows = db_result_rows(r->targets), code;
    bool csv = strcmp(r->format, "csv") == 0;
    if (rows == 0)
        code = fail_unknown(r);
    else if (r->explain)
        code = explain(r);
    else if (r->target || (csv && rows == 1))
        code = print_document(r, 0);
    else if (csv)
        code = command_misuse(r->call, "csv is one table, and %s has %d targets: name one",
                              r->series, rows);
    else if (strcmp(r->format, "list") == 0)
        code = print_list(r);
    else
        code = print_all(r);
    db_result_free(r->targets);
    return code;
}

static bool is_format(const char *name)
{
    static const char *const formats[] = {"txt", "json", "csv", "list"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (strcmp(name, formats[i]) == 0)
            return true;
    return false;
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {
        {"format", required_argument, NULL, 'f'}, {"explain", required_argument, NULL, 'e'}, {0}};
    struct report r = {.call = call, .format = "txt"};
    for (int o; (o = getopt_long(call->argc, call->argv, ":", options, NULL)) != -1;) {
        if (o == 'f')
            r.format = optarg;
        else if (o == 'e')
            r.explain = optarg;
        else
            return command_misuse(call, o == ':' ? "%s needs a value" : "no such option: %s",
                                  call->argv[optind - 1]);
    }
    if (!is_format(r.format))
        return command_misuse(call, "no such format: %s", r.format);
    int n = call->argc - optind;
    if (n < 1 || n > 2)
        return command_misuse(call, n < 1 ? "which series?" : "too many arguments");
    r.series = call->argv[optind];
    r.target = n == 2 ? call->argv[optind + 1] : NULL;
    struct command_session s;
    if (command_begin(call, &s))
        return EXIT_WRONG;
    r.db = s.db;
    int code = print_report(&r);
    command_end(&s);
    return code;
}

const struct command command_report = {
    .name = "report",
    .args = "SERIES [TARGET] [--format txt|json|csv|list]\nSERIES [TARGET] --explain PROJECT",
    .help = "print how a series stands in a target, or in all of them",
    .more = "SERIES is a name (epoxy) or a release id (2025.1). json, csv and list are the "
            "documents of\n"
            "/api/v1/status; without TARGET json is an array of them, and list the names of all "
            "targets.\n",
    .run = run,
};
