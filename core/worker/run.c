// SPDX-License-Identifier: Apache-2.0
#include "core/worker/run.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/queue/report.h"
#include "core/worker/confine.h"
#include "core/worker/jobs.h"
#include "gen/queries.h"

#define OPEN_FILES_MAX 1024
#define DATA_BYTES_MAX ((rlim_t)4 << 30) /* heap and private memory; mapped files do not count */

static void limit(int what, rlim_t to)
{
    struct rlimit now;
    if (getrlimit(what, &now))
        return;
    if (now.rlim_max == RLIM_INFINITY || now.rlim_max > to)
        now.rlim_max = to;
    now.rlim_cur = now.rlim_max;
    setrlimit(what, &now);
}

/* Where memory runs out, a run ends and not its supervisor. */
static void prefer_for_killing(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    ssize_t ignored = fd < 0 ? 0 : write(fd, "300", 3);
    (void)ignored;
    if (fd >= 0)
        close(fd);
}

/* For this process and all that it starts. */
static void limit_process(void)
{
    umask(022); /* what is published is read by all */
    prefer_for_killing();
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* Daemons that a step leaves behind (gpg's agent) stay below this process, and fall to the
     * supervisor, which ends them, when it is gone. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, OPEN_FILES_MAX);
#ifndef __SANITIZE_ADDRESS__   /* which maps terabytes, and looks for leaks as a debugger does */
    prctl(PR_SET_DUMPABLE, 0); /* the connection string may hold a password */
    limit(RLIMIT_DATA, DATA_BYTES_MAX);
#endif
    signal(SIGPIPE, SIG_IGN);
    fcntl(RUN_PIPE, F_SETFD, FD_CLOEXEC);
    fcntl(RUN_CONFIG, F_SETFD, FD_CLOEXEC);
}

static void copy(struct arena *a, const char **out, const char *value)
{
    *out = arena_strdup(a, value ? value : "");
}

/* 0: this run holds the job, whose fields are filled in. */
static int begin(struct job *job, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(job->db, &query_queue_begin, &r, e, job->id_text, job->token_text))
        return -1;
    bool held = db_value_bool(r, 0, "held");
    db_result_free(r);
    if (held && db_call(job->db, &query_job_get, &r, e, job->id_text, job->token_text))
        return -1;
    if (!held || db_result_rows(r) == 0) {
        if (held)
            db_result_free(r);
        return err_set(e, ERR_CANCELLED, "the job was cancelled or taken over by another run");
    }
    copy(job->arena, &job->kind, db_value(r, 0, "kind"));
    copy(job->arena, &job->what, db_value(r, 0, "what"));
    job->attempt = (int)db_value_int(r, 0, "attempts", 1);
    job->max_attempts = (int)db_value_int(r, 0, "max_attempts", 1);
    job->request_id = arena_strdup(job->arena, db_value(r, 0, "request_id"));
    db_result_free(r);
    return 0;
}

static int open_database(struct job *job, struct err *e)
{
    struct db_open_options options = {
        .conninfo = job->config->database,
        .role = "deb_status_worker",
        .program = arena_printf(job->arena, "deb-status job %s", job->id_text)};
    job->db = db_open(&options, e);
    return job->db ? 0 : -1;
}

static int run(struct job *job, struct config **config, struct err *e)
{
    *config = config_load_saved(RUN_CONFIG, e);
    if (!*config)
        return -1;
    job->config = *config;
    if (open_database(job, e) || begin(job, e))
        return -1;
    const struct job_kind *kind = jobs_find(job->kind);
    if (!kind)
        return err_set(e, ERR_INPUT, "this worker knows no jobs of kind %s", job->kind);
    /* only a mirror's job has a name */
    return confine_writes(job->config, *job->what != '\0', job->arena, e) ? -1 : kind->run(job, e);
}

int run_job(int64_t id, int64_t token)
{
    struct arena arena = ARENA_INIT;
    struct config *config = NULL;
    struct err e = {0};
    struct job job = {.arena = &arena, .id = id, .token = token, .pipe = RUN_PIPE};
    snprintf(job.id_text, sizeof job.id_text, "%" PRId64, id);
    snprintf(job.token_text, sizeof job.token_text, "%" PRId64, token);
    limit_process();
    int rc = run(&job, &config, &e);
    if (rc == 0)
        rc = report_send(RUN_PIPE, REPORT_DONE, NULL, NULL, NULL);
    else
        rc = report_send(RUN_PIPE, REPORT_FAILED,
                         e.code == ERR_CANCELLED ? "cancelled"
                         : err_is_transient(&e)  ? "retry"
                                                 : "failed",
                         e.text, e.detail);
    db_close(job.db);
    config_free(config);
    arena_free(&arena);
    return rc ? 2 : 0;
}
