// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/import.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "gen/queries.h"

struct writer {
    struct db *db;
    const struct import *in;
    struct buf key;
    struct err *e;
};

static const char *kind_name(enum version_kind kind)
{
    return kind == VERSION_END ? "end" : kind == VERSION_PRERELEASE ? "prerelease" : "final";
}

static int copy_series(struct writer *w)
{
    for (size_t i = 0; i < w->in->series_count; i++) {
        const struct import_series *s = &w->in->series[i];
        static const struct series_entry unknown;
        const struct series_entry *entry = s->entry ? s->entry : &unknown;
        char position[16];
        snprintf(position, sizeof position, "%d", s->position);
        const char *kind = upstreams_series_kind(w->in->upstream->config->kind, s->name);
        const char *values[] = {s->name,  entry->release,         entry->status,  kind,
                                position, entry->initial_release, entry->eol_date};
        if (db_copy_row(w->db, 7, values, w->e))
            return -1;
    }
    return 0;
}

static int copy_files(struct writer *w)
{
    for (size_t i = 0; i < w->in->file_count; i++) {
        const struct import_file *f = &w->in->files[i];
        const struct deliverable *d = f->content;
        const char *values[] = {f->series,
                                f->name,
                                f->file,
                                d ? f->oid : NULL,
                                d ? d->team : NULL,
                                d ? d->type : NULL,
                                d ? d->model : NULL};
        if (db_copy_row(w->db, 7, values, w->e))
            return -1;
    }
    return 0;
}

static int copy_repos(struct writer *w)
{
    for (size_t i = 0; i < w->in->file_count; i++) {
        const struct import_file *f = &w->in->files[i];
        for (size_t k = 0; f->content && k < f->content->repo_count; k++) {
            const struct deliverable_repo *r = &f->content->repos[k];
            const char *values[] = {f->series, f->name, r->repo, r->artifact};
            if (db_copy_row(w->db, 4, values, w->e))
                return -1;
        }
    }
    return 0;
}

static int copy_version(struct writer *w, const struct import_file *f,
                        const struct deliverable_version *v)
{
    const char *repo = f->content->repos[v->repo].repo;
    char released[CLOCK_ISO_SIZE];
    time_t at = w->in->released ? w->in->released(w->in->data, repo, v->version) : 0;
    if (at)
        clock_format_iso(at, released);
    buf_reset(&w->key);
    if (v->key)
        db_hex(&w->key, v->key, v->key_len);
    const char *values[] = {f->series,
                            f->name,
                            repo,
                            v->version,
                            kind_name(v->kind),
                            v->debian,
                            v->key ? buf_str(&w->key) : NULL,
                            v->hash,
                            v->artifact,
                            at ? released : NULL};
    return db_copy_row(w->db, 10, values, w->e);
}

static int copy_versions(struct writer *w)
{
    for (size_t i = 0; i < w->in->file_count; i++) {
        const struct import_file *f = &w->in->files[i];
        for (size_t k = 0; f->content && k < f->content->version_count; k++)
            if (copy_version(w, f, &f->content->versions[k]))
                return -1;
    }
    return 0;
}

/* A reader's words begin with the line, which has a column of its own. */
static const char *reason_of(const struct import_bad *b, const char *line)
{
    size_t len = strlen(line);
    bool named = strncmp(b->reason, "line ", 5) == 0 && strncmp(b->reason + 5, line, len) == 0 &&
                 strncmp(b->reason + 5 + len, ": ", 2) == 0;
    return named ? b->reason + 7 + len : b->reason;
}

static int copy_bad(struct writer *w)
{
    for (size_t i = 0; i < w->in->bad_count; i++) {
        const struct import_bad *b = &w->in->bad[i];
        char line[16];
        snprintf(line, sizeof line, "%d", b->line);
        const char *values[] = {b->file, b->line > 0 ? line : NULL, reason_of(b, line), b->oid};
        if (db_copy_row(w->db, 4, values, w->e))
            return -1;
    }
    return 0;
}

static int copy(struct writer *w, const struct db_query *query, int (*rows)(struct writer *w))
{
    if (db_copy_begin(w->db, query, w->e))
        return -1;
    if (rows(w)) {
        struct err ignored;
        db_copy_end(w->db, &ignored);
        return -1;
    }
    return db_copy_end(w->db, w->e);
}

static void read_changed(const struct db_result *r, struct arena *a, struct import_changed *out)
{
    size_t rows = (size_t)db_result_rows(r);
    out->series = arena_alloc(a, (rows + 1) * sizeof *out->series);
    out->projects = arena_alloc(a, (rows + 1) * sizeof *out->projects);
    out->count = out->project_count = 0;
    for (int i = 0; i < (int)rows; i++) {
        int64_t id = db_value_int(r, i, "series", 0);
        out->series[out->count++] = id;
        if (db_value_bool(r, i, "projects_changed"))
            out->projects[out->project_count++] = id;
    }
}

int import_write(struct db *db, const struct import *in, int64_t job, struct arena *a,
                 struct import_changed *out, struct err *e)
{
    struct writer w = {.db = db, .in = in, .key = BUF_INIT, .e = e};
    struct db_result *r = NULL;
    char id[24];
    int rc = -1;

    snprintf(id, sizeof id, "%" PRId64, job);
    if (db_call(db, &query_upstream_begin, NULL, e) ||
        copy(&w, &query_upstream_copy_series, copy_series) ||
        copy(&w, &query_upstream_copy_files, copy_files) ||
        copy(&w, &query_upstream_copy_repos, copy_repos) ||
        copy(&w, &query_upstream_copy_versions, copy_versions) ||
        copy(&w, &query_upstream_copy_bad, copy_bad) ||
        db_call(db, &query_upstream_merge, &r, e, in->upstream->id_text,
                in->upstream->is_main ? "t" : "f", in->series_listed ? "t" : "f",
                in->date_new ? "t" : "f", job ? id : NULL))
        goto out;
    read_changed(r, a, out);
    rc = 0;
out:
    db_result_free(r);
    buf_free(&w.key);
    return rc ? err_context(e, "writing what upstream released") : 0;
}
