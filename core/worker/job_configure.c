// SPDX-License-Identifier: Apache-2.0
/*
 * configure: what the files say, into the database, in one transaction. C hands over rows; what
 * becomes of those that were there before is SQL's (sql/functions/configure.sql). At its end come
 * the comparison of the series that are or were configured, and the jobs that new sources need.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fnv.h"
#include "core/db/array.h"
#include "core/rules/mask.h"
#include "core/status/status.h"
#include "core/upstream/candidates.h"
#include "core/upstream/upstreams.h"
#include "core/worker/jobs.h"
#include "gen/queries.h"

static const char *text_array(struct arena *a, const struct config_strings *strings)
{
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < strings->count; i++)
        db_array_add_text(&out, strings->items[i]);
    const char *text = arena_strdup(a, db_array_end(&out));
    buf_free(&out);
    return text;
}

static const char *number(struct job *job, int64_t n)
{
    return arena_printf(job->arena, "%" PRId64, n);
}

static int write_upstreams(struct job *job, struct err *e)
{
    struct upstream *upstreams;
    size_t count = upstreams_of(job->config, job->arena, &upstreams);
    return upstreams_write(job->db, job->config, job->arena, upstreams, count, e);
}

/* Options as between an apt line's brackets, always in this order. */
static const char *suite_options(struct job *job, const struct config_suite *s)
{
    struct buf out = BUF_INIT;
    if (s->arch)
        buf_addf(&out, " arch=%s", s->arch);
    if (!s->check_valid_until)
        buf_add_str(&out, " check-valid-until=no");
    if (s->signed_by)
        buf_addf(&out, " signed-by=%s", s->signed_by);
    const char *text = arena_strdup(job->arena, out.len ? buf_str(&out) + 1 : "");
    buf_free(&out);
    return text;
}

static int add_target(struct job *job, const struct config_series *s, size_t position,
                      struct err *e)
{
    const struct config_target *t = &s->targets[position];
    if (db_call(job->db, &query_configure_add_target, NULL, e, s->name, t->name,
                number(job, (int64_t)position)))
        return -1;
    for (size_t i = 0; i < t->suite_count; i++) {
        const struct config_suite *line = &t->suites[i];
        if (db_call(job->db, &query_configure_add_line, NULL, e, s->name, t->name,
                    number(job, (int64_t)i), line->uri, line->suite,
                    text_array(job->arena, &line->components), suite_options(job, line),
                    line->line))
            return -1;
    }
    return 0;
}

/* series NULL: for all. */
static int add_masks(struct job *job, const char *series, const struct config_mask *masks,
                     size_t count, struct err *e)
{
    struct buf regex = BUF_INIT;
    int rc = 0;
    for (size_t i = 0; i < count && rc == 0; i++) {
        const struct config_mask *m = &masks[i];
        const char *field;
        buf_reset(&regex);
        rc = mask_compile(m->pattern, &field, &regex, e);
        if (rc)
            err_context(e, "%s:%d", m->where.file, m->where.line);
        else
            rc = db_call(job->db, &query_configure_add_mask, NULL, e, series, m->pattern, field,
                         buf_str(&regex), m->reason, m->where.file, number(job, m->where.line));
    }
    buf_free(&regex);
    return rc;
}

static int add_teams(struct job *job, const struct config_series *s, struct err *e)
{
    const struct config_team *teams = s->teams ? s->teams : job->config->teams;
    size_t count = s->teams ? s->team_count : job->config->team_count;
    for (size_t i = 0; i < count; i++)
        if (db_call(job->db, &query_configure_add_team, NULL, e, s->name, teams[i].maintainer,
                    teams[i].vcs, teams[i].word))
            return -1;
    return 0;
}

static int add_series(struct job *job, const struct config_series *s, struct err *e)
{
    if (db_call(job->db, &query_configure_add_series, NULL, e, s->name))
        return -1;
    for (size_t i = 0; i < s->target_count; i++)
        if (add_target(job, s, i, e))
            return -1;
    return add_teams(job, s, e) ? -1 : add_masks(job, s->name, s->masks, s->mask_count, e);
}

/* Changes with any setting of the mirror. Shown to nobody: no password can be read from it. */
static const char *mirror_settings(struct job *job, const struct config_mirror *m)
{
    const struct config_release *r = &m->release;
    const char *texts[] = {m->from,
                           m->signed_by,
                           m->ssh_key,
                           m->ssh_known_hosts,
                           text_array(job->arena, &m->sources),
                           r->origin,
                           r->label,
                           r->suite,
                           r->codename,
                           r->components,
                           r->architectures,
                           r->not_automatic,
                           r->but_automatic_upgrades,
                           job->config->publish_root,
                           job->config->publish_url,
                           job->config->publish_sign_with,
                           number(job, m->replace),
                           number(job, m->limit_bytes),
                           number(job, m->limit_files),
                           number(job, m->limit_time_s)};
    uint64_t h = FNV_START;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = texts[i] ? texts[i] : "\1"; /* unset is not empty */
        h = fnv_add(h, text, strlen(text) + 1);        /* the NUL separates */
    }
    return arena_printf(job->arena, "%016" PRIx64, h);
}

/* Each of a mirror's suites has a row, whether or not a target names it: its packages are found
 * `elsewhere`. */
static int add_mirror_suites(struct job *job, const struct config_mirror *m, struct err *e)
{
    const char *url = job->config->publish_url;
    for (size_t i = 0; url && i < m->suites.count; i++)
        if (db_call(job->db, &query_configure_add_line, NULL, e, NULL, NULL, "0", url,
                    m->suites.items[i], "{main}", "",
                    arena_printf(job->arena, "deb %s %s main", url, m->suites.items[i])))
            return -1;
    return 0;
}

static int add_mirrors(struct job *job, struct err *e)
{
    const struct config *c = job->config;
    for (size_t i = 0; i < c->mirror_count; i++) {
        const struct config_mirror *m = &c->mirrors[i];
        if (db_call(job->db, &query_configure_add_mirror, NULL, e, m->name, m->host,
                    m->frozen ? "frozen" : "active", text_array(job->arena, &m->suites),
                    mirror_settings(job, m)) ||
            add_mirror_suites(job, m, e))
            return -1;
    }
    return 0;
}

static int add_senders(struct job *job, struct err *e)
{
    static const char *const profiles[] = {"standard", "github", "hmac"};
    const struct config *c = job->config;
    for (size_t i = 0; i < c->sender_count; i++) {
        const struct config_sender *s = &c->senders[i];
        if (db_call(job->db, &query_configure_add_sender, NULL, e, s->name,
                    text_array(job->arena, &s->mirrors), s->releases ? "t" : "f",
                    profiles[s->profile], text_array(job->arena, &s->projects)))
            return -1;
    }
    return 0;
}

static int add_all(struct job *job, struct err *e)
{
    const struct config *c = job->config;
    if (db_call(job->db, &query_configure_begin, NULL, e))
        return -1;
    for (size_t i = 0; i < c->series_count; i++)
        if (add_series(job, &c->series[i], e))
            return -1;
    return add_mirrors(job, e) || add_senders(job, e) ||
                   add_masks(job, NULL, c->masks, c->mask_count, e)
               ? -1
               : 0;
}

static int find_touched(struct job *job, int64_t **series, size_t *count, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(job->db, &query_configure_finish, &r, e))
        return -1;
    *count = (size_t)db_result_rows(r);
    *series = arena_alloc(job->arena, (*count + 1) * sizeof **series);
    for (size_t i = 0; i < *count; i++)
        (*series)[i] = db_value_int(r, (int)i, "series", 0);
    db_result_free(r);
    return 0;
}

static int write_all(struct job *job, struct err *e)
{
    int64_t *series;
    size_t count;
    if (job_fence(job, e) || add_all(job, e))
        return -1;
    job_step(job, "write");
    if (write_upstreams(job, e) ||
        db_call(job->db, &query_configure_merge, NULL, e, job->config->publish_url) ||
        find_touched(job, &series, &count, e) ||
        candidates_write(job->db, job->config, series, count, e))
        return -1;
    job_step(job, "compare");
    if (status_compare_series(job->db, series, count, job->id, e))
        return -1;
    return db_call(job->db, &query_configure_causes, NULL, e, job->id_text, job->config->hash);
}

static int run(struct job *job, struct err *e)
{
    job_step(job, "read");
    if (db_begin(job->db, e))
        return -1;
    if (write_all(job, e) || db_commit(job->db, e)) {
        db_rollback(job->db);
        return -1;
    }
    job_log(job, JOB_INFO, "%zu series, %zu mirrors, %zu senders", job->config->series_count,
            job->config->mirror_count, job->config->sender_count);
    return 0;
}

const struct job_kind job_kind_configure = {.name = "configure", .deadline_s = 600, .run = run};
