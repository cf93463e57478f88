// SPDX-License-Identifier: Apache-2.0
/* deb-status mask --suggest: what no suite has ever carried, as lines for a file of releases.d. */
#include <getopt.h>
#include <stdio.h>

#include "core/admin/command.h"
#include "gen/queries.h"

static int suggest(struct db *db, const char *series)
{
    struct db_result *r = NULL, *known = NULL;
    struct err e = {0};
    int code = EXIT_WRONG;
    if (db_call(db, &query_admin_targets, &known, &e, series, NULL) ||
        db_call(db, &query_admin_mask_suggest, &r, &e, series)) {
        command_fail(&e);
        goto out;
    }
    if (db_result_rows(known) == 0) {
        fprintf(stderr, "deb-status: no such series: %s\n", series);
        goto out;
    }
    printf("# %s: what no suite has ever carried and no mask names yet\n",
           db_value(known, 0, "series"));
    puts(db_result_rows(r) ? "mask:" : "# nothing");
    for (int i = 0; i < db_result_rows(r); i++)
        puts(db_value(r, i, "line"));
    code = 0;
out:
    db_result_free(known);
    db_result_free(r);
    return code;
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {{"suggest", required_argument, NULL, 's'}, {0}};
    const char *series = NULL;
    for (int o; (o = getopt_long(call->argc, call->argv, ":", options, NULL)) != -1;) {
        if (o != 's')
            return command_misuse(call, o == ':' ? "--suggest needs a series" : "no such option");
        series = optarg;
    }
    if (!series || optind < call->argc)
        return command_misuse(call, series ? "too many arguments" : "nothing to do");
    struct command_session s;
    if (command_begin(call, &s))
        return EXIT_WRONG;
    int code = suggest(s.db, series);
    command_end(&s);
    return code;
}

const struct command command_mask = {
    .name = "mask",
    .args = "--suggest SERIES",
    .help = "print masks for what no suite has ever carried",
    .more = "The output is YAML for releases.d/SERIES.yaml: read it before you take it over. "
            "Comments on\n"
            "top name groups (type:, team:, model:) of which nothing is carried.\n",
    .run = run,
};
