// SPDX-License-Identifier: Apache-2.0
/*
 * mirror: a build host's suites, fetched, verified and published. The work is core/archive's; here
 * it is tied to the job: its log, its fence, its announcements.
 */
#include <string.h>

#include "core/archive/mirror.h"
#include "core/queue/job.h"
#include "core/worker/jobs.h"
#include "gen/queries.h"

static void on_step(void *data, const char *step)
{
    job_step(data, step);
}

static void on_progress(void *data, int64_t done, int64_t total, const char *unit)
{
    job_progress(data, done, total, unit);
}

static void on_note(void *data, const char *text)
{
    job_log(data, JOB_INFO, "%s", text);
}

static void on_warn(void *data, const char *text)
{
    job_log(data, JOB_WARN, "%s", text);
}

static void on_raw(void *data, const char *text)
{
    job_log(data, JOB_RAW, "%s", text);
}

static int fence(void *data, struct err *e)
{
    return job_fence(data, e);
}

/* Nobody asked for it: the schedule did, and nothing was announced since. */
static int is_sweep(struct job *job, bool *sweep, struct err *e)
{
    struct db_result *rows = NULL;
    if (db_call(job->db, &query_mirror_cause, &rows, e, job->id_text))
        return -1;
    const char *cause = db_result_rows(rows) > 0 ? db_value(rows, 0, "cause") : NULL;
    *sweep = cause && strcmp(cause, "schedule") == 0 && !db_value_bool(rows, 0, "announced");
    db_result_free(rows);
    return 0;
}

static int run(struct job *job, struct err *e)
{
    const struct config_mirror *mirror = config_mirror_find(job->config, job->what);
    struct watch watch = {job, on_step, on_progress, on_note, on_warn, on_raw};
    bool sweep;
    if (!mirror)
        return err_set(e, ERR_INPUT, "there is no such mirror in the configuration");
    if (mirror->frozen) {
        job_log(job, JOB_INFO, "the mirror is frozen: served as it is");
        return 0;
    }
    if (is_sweep(job, &sweep, e))
        return -1;
    struct run r = {.a = job->arena,
                    .config = job->config,
                    .mirror = mirror,
                    .db = job->db,
                    .job = job->id,
                    .watch = &watch,
                    .fence = fence,
                    .fence_data = job};
    return mirror_run(&r, job->token, sweep, e);
}

const struct job_kind job_kind_mirror = {.name = "mirror", .deadline_s = 3600, .run = run};
