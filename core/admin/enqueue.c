// SPDX-License-Identifier: Apache-2.0
/* deb-status enqueue: queues a job, and prints its id alone. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/admin/command.h"
#include "core/queue/queue.h"

static int enqueue(const struct command_call *call, const char *kind, const char *what)
{
    struct command_session s;
    struct err e = {0};
    int64_t id;
    if (command_begin(call, &s))
        return EXIT_WRONG;
    int code = 0;
    if (queue_enqueue(s.db, kind, what, "admin", &id, &e))
        code = command_refused(s.db, &e);
    else
        printf("%" PRId64 "\n", id);
    command_end(&s);
    return code;
}

static int run(const struct command_call *call)
{
    static const char *const kinds[] = {"releases", "archives", "configure"};
    static const struct option none[] = {{0}};
    if (getopt_long(call->argc, call->argv, "", none, NULL) != -1)
        return command_misuse(call, "no such option");
    int n = call->argc - optind;
    const char *kind = n > 0 ? call->argv[optind] : NULL;
    if (!kind)
        return command_misuse(call, "which job?");
    if (strcmp(kind, "mirror") == 0)
        return n == 2 ? enqueue(call, kind, call->argv[optind + 1])
                      : command_misuse(call, "mirror needs one name");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return n == 1 ? enqueue(call, kind, "")
                          : command_misuse(call, "%s takes no name", kind);
    return command_misuse(call, "no such kind of job: %s", kind);
}

const struct command command_enqueue = {
    .name = "enqueue",
    .args = "mirror NAME\nreleases\narchives\nconfigure",
    .help = "queue a job unless one like it waits already; prints its id",
    .more = "mirror NAME   fetch, verify and publish the suites of a build host\n"
            "releases      read what upstream released\n"
            "archives      read Debian's suites\n"
            "configure     take the configuration into the database\n",
    .run = run,
};
