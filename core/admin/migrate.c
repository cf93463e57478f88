// SPDX-License-Identifier: Apache-2.0
/* deb-status migrate: brings the database's schema up to this program's. */
#include <getopt.h>
#include <stdio.h>

#include "core/admin/command.h"
#include "core/db/migrate.h"

static int print_status(struct db *db)
{
    struct buf text = BUF_INIT;
    struct err e = {0};
    int current = migrate_status(db, &text, &e);
    fputs(buf_str(&text), stdout);
    buf_free(&text);
    if (current < 0)
        return command_fail(&e);
    return current ? 0 : EXIT_WRONG;
}

static int apply(struct db *db, bool again)
{
    struct migrate_result made;
    struct err e = {0};
    if ((again && migrate_forget_code(db, &e)) || migrate_run(db, &made, &e))
        return command_fail(&e);
    if (made.applied)
        printf("%d migration%s applied\n", made.applied, made.applied == 1 ? "" : "s");
    if (made.code_made)
        puts("functions, views and rights made anew");
    if (!made.applied && !made.code_made)
        puts("the schema is current");
    return 0;
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {
        {"status", no_argument, NULL, 's'}, {"again", no_argument, NULL, 'a'}, {0}};
    bool status = false, again = false;
    for (int o; (o = getopt_long(call->argc, call->argv, "", options, NULL)) != -1;) {
        if (o == '?')
            return command_misuse(call, "no such option");
        status |= o == 's';
        again |= o == 'a';
    }
    if (optind < call->argc)
        return command_misuse(call, "too many arguments");
    struct config *config = command_config(call);
    if (!config)
        return EXIT_WRONG;
    struct db_open_options how = {
        .conninfo = config->database, .role = "deb_status_owner", .program = "deb-status"};
    struct err e = {0};
    struct db *db = db_open(&how, &e);
    int code = !db ? command_fail(&e) : status ? print_status(db) : apply(db, again);
    db_close(db);
    config_free(config);
    return code;
}

const struct command command_migrate = {
    .name = "migrate",
    .args = "[--status|--again]",
    .help = "bring the database's schema up to this program's",
    .more =
        "Runs as role deb_status_owner. --status changes nothing: it lists the migrations, and\n"
        "exits 1 where one is pending. --again makes functions, views and rights anew though they "
        "are\n"
        "current: it takes back what was changed in them by hand.\n",
    .run = run,
};
