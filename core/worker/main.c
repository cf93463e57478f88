// SPDX-License-Identifier: Apache-2.0
/* deb-status-worker: the supervisor of jobs, and (--run-job) the process of one. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/config/config.h"
#include "core/worker/run.h"
#include "core/worker/supervisor.h"

static const char usage[] =
    "usage: deb-status-worker [-c FILE] [--host NAME] [--once | --configure]\n"
    "  -c, --config FILE  the configuration (else $DEB_STATUS_CONFIG, else " CONFIG_DEFAULT_PATH
    ")\n"
    "      --host NAME    whose disk this is, as in mirrors.X.host (else the machine's name)\n"
    "      --once         do what is queued and what that causes, then end: exit 0, 1 where a job\n"
    "                     failed, 2 where it could not work\n"
    "      --configure    only bring the configuration into the database, then end: exits as "
    "--once\n"
    "      --help, --version\n";

enum { OPT_HOST = 256, OPT_ONCE, OPT_CONFIGURE, OPT_RUN_JOB, OPT_TOKEN, OPT_HELP, OPT_VERSION };

static const struct option options[] = {
    {"config", required_argument, NULL, 'c'},
    {"host", required_argument, NULL, OPT_HOST},
    {"once", no_argument, NULL, OPT_ONCE},
    {"configure", no_argument, NULL, OPT_CONFIGURE},
    {"run-job", required_argument, NULL, OPT_RUN_JOB},
    {"token", required_argument, NULL, OPT_TOKEN},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static int wrong_call(const char *what)
{
    fprintf(stderr, "deb-status-worker: %s\n%s", what, usage);
    return 2;
}

/* A whole decimal number over 0, else 0. */
static int64_t number(const char *text)
{
    char *end;
    errno = 0;
    long long n = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && end != text && n > 0 ? n : 0;
}

int main(int argc, char **argv)
{
    static char host[256];
    struct supervisor_options o = {.config = NULL};
    int64_t job = 0, token = 0;
    int c;
    while ((c = getopt_long(argc, argv, "c:", options, NULL)) != -1)
        switch (c) {
        case 'c':
            o.config = optarg;
            break;
        case OPT_HOST:
            o.host = optarg;
            break;
        case OPT_CONFIGURE:
            o.configure = true;
            o.once = true;
            break;
        case OPT_ONCE:
            o.once = true;
            break;
        case OPT_RUN_JOB:
            job = number(optarg);
            break;
        case OPT_TOKEN:
            token = number(optarg);
            break;
        case OPT_HELP:
            fputs(usage, stdout);
            return 0;
        case OPT_VERSION:
            puts("deb-status-worker " DEB_STATUS_VERSION);
            return 0;
        default:
            fputs(usage, stderr);
            return 2;
        }
    if (optind < argc)
        return wrong_call("takes no names");
    log_open("deb-status-worker", LOG_INFO);
    if (job || token)
        return job && token ? run_job(job, token) : wrong_call("--run-job is for the worker alone");
    if (!o.host && gethostname(host, sizeof host - 1) == 0)
        o.host = host;
    if (!o.host || !*o.host)
        return wrong_call("this machine has no name: --host NAME");
    o.config = config_find(o.config);
    return supervisor_run(&o);
}
