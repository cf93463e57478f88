// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/sync.h"

#include <string.h>

#include "core/status/status.h"
#include "core/upstream/candidates.h"
#include "gen/queries.h"

int sync_write(struct job *job, const struct import *in, const char *head, const char *dated_to,
               struct err *e)
{
    struct import_changed changed;
    if (db_begin(job->db, e))
        return -1;
    if (job_fence(job, e) || import_write(job->db, in, job->id, job->arena, &changed, e) ||
        candidates_write(job->db, job->config, changed.projects, changed.project_count, e) ||
        db_call(job->db, &query_upstream_read, NULL, e, in->upstream->id_text, head, dated_to,
                SYNC_READER, in->partial ? "t" : "f") ||
        status_compare_series(job->db, changed.series, changed.count, job->id, e) ||
        db_commit(job->db, e)) {
        db_rollback(job->db);
        return -1;
    }
    size_t read = 0;
    for (size_t i = 0; i < in->file_count; i++)
        read += in->files[i].content != NULL;
    job_log(job, JOB_INFO, "%s: %zu files read, %zu set aside, %zu series changed",
            in->upstream->name, read, in->bad_count, changed.count);
    return 0;
}

int sync_checked(struct job *job, const struct upstream *u, struct err *e)
{
    if (db_begin(job->db, e))
        return -1;
    if (job_fence(job, e) || db_call(job->db, &query_upstream_checked, NULL, e, u->id_text) ||
        db_commit(job->db, e)) {
        db_rollback(job->db);
        return -1;
    }
    return 0;
}

static int record_failure(struct job *job, const struct upstream *u, const char *why, struct err *e)
{
    if (db_begin(job->db, e))
        return -1;
    if (job_fence(job, e) || db_call(job->db, &query_upstream_failed, NULL, e, u->id_text, why) ||
        db_commit(job->db, e)) {
        db_rollback(job->db);
        return -1;
    }
    return 0;
}

static const struct kind {
    const char *name;
    int (*run)(struct job *job, const struct upstream *u, struct err *e);
} kinds[] = {
    {UPSTREAM_RELEASES, sync_releases},
    {UPSTREAM_TAGS, sync_tags},
    {UPSTREAM_FILE, sync_file},
};

static int run_kind(struct job *job, const struct upstream *u, struct err *e)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, u->config->kind) == 0)
            return kinds[i].run(job, u, e);
    return err_set(e, ERR_INPUT, "upstreams of kind %s cannot be read", u->config->kind);
}

int sync_upstream(struct job *job, const struct upstream *u, struct err *e)
{
    struct err other;
    if (run_kind(job, u, e) == 0)
        return 0;
    if (e->code == ERR_CANCELLED || e->code == ERR_DATABASE)
        return -1;
    if (record_failure(job, u, e->text, &other))
        *e = other;
    return -1;
}
