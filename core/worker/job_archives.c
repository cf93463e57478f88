// SPDX-License-Identifier: Apache-2.0
/*
 * archives: Debian's suites. Each apt line is fetched, verified, read and compared on its own, in
 * a transaction of its own: one that fails keeps its last good rows and says why, the others go
 * on. The job fails only if no line could be refreshed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/archive/sources.h"
#include "core/archive/suites.h"
#include "core/base/file.h"
#include "core/queue/job.h"
#include "core/status/status.h"
#include "core/worker/jobs.h"
#include "gen/queries.h"

struct job_suite {
    int64_t id;
    const char *id_text, *name, *fingerprint;
    time_t date;
    struct suites_line line;
};

static const char *kept(struct job *job, const struct db_result *r, int row, const char *column)
{
    const char *value = db_value(r, row, column);
    return arena_strdup(job->arena, value ? value : "");
}

static int read_suites(struct job *job, struct job_suite **out, size_t *count, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(job->db, &query_archives_suites, &r, e))
        return -1;
    *count = (size_t)db_result_rows(r);
    *out = arena_alloc(job->arena, (*count + 1) * sizeof **out);
    for (int i = 0; i < (int)*count; i++) {
        struct job_suite *s = &(*out)[i];
        s->id = db_value_int(r, i, "id", 0);
        s->id_text = kept(job, r, i, "id");
        s->name = kept(job, r, i, "name");
        s->fingerprint = kept(job, r, i, "fingerprint");
        s->date = (time_t)db_value_int(r, i, "release_date", 0);
        s->line = (struct suites_line){kept(job, r, i, "uri"), kept(job, r, i, "suite"),
                                       kept(job, r, i, "components"), kept(job, r, i, "options")};
    }
    db_result_free(r);
    return 0;
}

static int map_file(const char *path, struct sources_input *in, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
    if (fd < 0)
        return err_errno(e, "opening an index");
    if (file_map(fd, &in->data, &in->len))
        rc = err_errno(e, "mapping an index");
    close(fd);
    return rc;
}

static int write_index(struct job *job, const struct job_suite *s, const struct suites_lists *lists,
                       struct err *e)
{
    struct sources_input *inputs = arena_alloc(job->arena, lists->count * sizeof *inputs);
    bool changed = false;
    int rc = -1;
    for (size_t i = 0; i < lists->count; i++) {
        inputs[i].component = lists->files[i].component;
        if (map_file(lists->files[i].path, &inputs[i], e))
            goto out;
    }
    if (sources_replace(job->db, s->id, inputs, lists->count, &changed, e))
        goto out;
    rc = changed ? status_compare_suites(job->db, &s->id, 1, job->id, e) : 0;
out:
    for (size_t i = 0; i < lists->count; i++)
        file_unmap(inputs[i].data, inputs[i].len);
    return rc;
}

/* Rows, comparison and freshness of one suite in one transaction; revisions come last. */
static int record(struct job *job, const struct job_suite *s, const struct suites_lists *lists,
                  struct err *e)
{
    char date[24];
    snprintf(date, sizeof date, "%" PRId64, (int64_t)lists->date);
    if (db_begin(job->db, e))
        return -1;
    if (job_fence(job, e) ||
        db_call(job->db, &query_archives_read, NULL, e, s->id_text, lists->fingerprint, date,
                lists->origin, lists->archive) ||
        (strcmp(s->fingerprint, lists->fingerprint) != 0 && write_index(job, s, lists, e)) ||
        status_touch_suites(job->db, &s->id, 1, e) || db_commit(job->db, e)) {
        db_rollback(job->db);
        return -1;
    }
    return 0;
}

static int record_failure(struct job *job, const struct job_suite *s, const char *why,
                          struct err *e)
{
    if (db_begin(job->db, e))
        return -1;
    if (job_fence(job, e) || db_call(job->db, &query_archives_failed, NULL, e, s->id_text, why) ||
        status_touch_suites(job->db, &s->id, 1, e) || db_commit(job->db, e)) {
        db_rollback(job->db);
        return -1;
    }
    return 0;
}

static int refresh(struct job *job, const struct job_suite *s, struct err *e)
{
    struct suites_lists lists;
    if (suites_fetch(job->config->data, job->config->archives_keyring, &s->line, job->arena, &lists,
                     e))
        return -1;
    if (lists.date && lists.date < s->date)
        return err_set(e, ERR_TRANSIENT, "its Release file is older than the one read before");
    return record(job, s, &lists, e);
}

static bool ends_job(const struct err *e)
{
    return e->code == ERR_CANCELLED || e->code == ERR_DATABASE;
}

static int run(struct job *job, struct err *e)
{
    struct job_suite *suites;
    struct suites_line *lines;
    size_t count, failed = 0;
    struct err first = {0};

    if (read_suites(job, &suites, &count, e))
        return -1;
    lines = arena_alloc(job->arena, (count + 1) * sizeof *lines);
    for (size_t i = 0; i < count; i++) {
        const struct job_suite *s = &suites[i];
        struct err why = {0};
        lines[i] = s->line;
        job_step(job, s->name);
        job_progress(job, (int64_t)i, (int64_t)count, "suites");
        if (refresh(job, s, &why) == 0)
            continue;
        if (ends_job(&why)) {
            *e = why;
            return -1;
        }
        job_log(job, JOB_WARN, "%s: %s", s->name, why.text);
        if (*why.detail)
            job_log(job, JOB_RAW, "%s", why.detail);
        if (record_failure(job, s, why.text, e))
            return -1;
        if (failed++ == 0 || err_is_transient(&why))
            first = why;
    }
    job_progress(job, (int64_t)count, (int64_t)count, "suites");
    if (count > 0 && failed == count) {
        *e = first;
        return err_context(e, "none of %zu suites could be refreshed", count);
    }
    return suites_clean(job->config->data, lines, count, e);
}

const struct job_kind job_kind_archives = {.name = "archives", .deadline_s = 3600, .run = run};
