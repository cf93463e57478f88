// SPDX-License-Identifier: Apache-2.0
/*
 * releases: what upstream released. Each upstream is looked at on its own, in transactions of its
 * own: one that fails keeps its last good rows and says why, the others go on. The job fails if
 * any could not be looked at, so that it is tried again.
 */
#include "core/queue/job.h"
#include "core/upstream/repository.h"
#include "core/upstream/sync.h"
#include "core/upstream/upstreams.h"
#include "core/worker/confine.h"
#include "core/worker/jobs.h"

/* The rows of the upstreams: a changed configuration may not have been written yet. */
static int write_rows(struct job *job, struct upstream *upstreams, size_t count, struct err *e)
{
    if (db_begin(job->db, e))
        return -1;
    if (job_fence(job, e) ||
        upstreams_write(job->db, job->config, job->arena, upstreams, count, e) ||
        db_commit(job->db, e)) {
        db_rollback(job->db);
        return -1;
    }
    return 0;
}

static int run(struct job *job, struct err *e)
{
    struct upstream *upstreams;
    size_t count = upstreams_of(job->config, job->arena, &upstreams), failed = 0;
    struct err first = {0};

    if (write_rows(job, upstreams, count, e) ||
        confine_upstreams(job->config, upstreams, count, job->arena, e))
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct err why = {0};
        if (sync_upstream(job, &upstreams[i], &why) == 0)
            continue;
        if (why.code == ERR_CANCELLED || why.code == ERR_DATABASE) {
            *e = why;
            return -1;
        }
        job_log(job, JOB_WARN, "%s: %s", upstreams[i].name, why.text);
        if (*why.detail)
            job_log(job, JOB_RAW, "%s", why.detail);
        if (failed++ == 0 || (err_is_transient(&why) && !err_is_transient(&first)))
            first = why;
    }
    if (repository_clean(job->config->data, upstreams, count, job->arena, e))
        return -1;
    if (failed == 0)
        return 0;
    *e = first;
    return count > 1 ? err_context(e, "%zu of %zu upstreams could not be read", failed, count) : -1;
}

const struct job_kind job_kind_releases = {.name = "releases", .deadline_s = 900, .run = run};
