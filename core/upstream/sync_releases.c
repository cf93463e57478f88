// SPDX-License-Identifier: Apache-2.0
/* The kind UPSTREAM_RELEASES: a git repository with deliverables/SERIES/NAME.yaml. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/db/array.h"
#include "core/upstream/history.h"
#include "core/upstream/intern.h"
#include "core/upstream/reading.h"
#include "core/upstream/repository.h"
#include "core/upstream/series_list.h"
#include "core/upstream/sync.h"
#include "core/upstream/tree.h"
#include "gen/queries.h"

#define STATUS_FILE "data/series_status.yaml"

#define FETCH_BYTES_MAX ((int64_t)1 << 30) /* many times all of openstack/releases */

enum { BAD_LINES_MAX = 20 }; /* of the job's log; all are in set_aside_files */

struct recorded {             /* what the database has */
    const char *head, *dated; /* commits, or NULL */
    bool same_reader;
};

struct run {
    struct job *job;
    const struct upstream *u;
    git_repository *repo;
    git_oid head;
    char head_text[GIT_OID_HEXSZ + 1];
    struct recorded recorded;
    bool whole;              /* look at all files, not only at what differs from recorded.head */
    bool again;              /* read all of them, also those whose blob is the one that was read */
    struct history *history; /* NULL: no new dates */
    struct tree_top old, now;
    struct intern visited; /* paths that differ */
    struct intern series;  /* those that have a row */
    bool *own;             /* by number of `series`: it is this upstream's */
    /* files of the database, for a look at all */
    struct intern paths;
    const char **good, **bad; /* by number of `paths`: blob that was read, that was set aside */
    bool *seen;
    size_t known;
    struct import in;
    size_t file_room, bad_room;
    struct err *e;
};

/* ---- fetching ---- */

static void on_progress(void *data, unsigned done, unsigned total)
{
    job_progress(data, done, total, "objects");
}

static int read_recorded(struct run *r)
{
    struct db_result *row = NULL;
    if (db_call(r->job->db, &query_upstream_recorded, &row, r->e, r->u->id_text))
        return -1;
    const char *reader = db_value(row, 0, "reader");
    r->recorded.head = arena_strdup(r->job->arena, db_value(row, 0, "head"));
    r->recorded.dated = arena_strdup(r->job->arena, db_value(row, 0, "dated_to"));
    r->recorded.same_reader = reader && strcmp(reader, SYNC_READER) == 0;
    db_result_free(row);
    return 0;
}

/* 1: there is something to read, 0: there is not. */
static int fetch(struct run *r)
{
    const struct repository_watch watch = {on_progress, r->job, FETCH_BYTES_MAX};
    enum repository_relation relation;
    job_step(r->job, "fetch");
    if (read_recorded(r) ||
        repository_open(r->job->config->data, r->u, r->job->arena, &r->repo, r->e) ||
        repository_fetch(r->repo, r->u, &watch, &r->head, r->e) ||
        repository_relate(r->repo, r->recorded.head, &r->head, &relation, r->e))
        return -1;
    git_oid_tostr(r->head_text, sizeof r->head_text, &r->head);
    if (relation == REPOSITORY_OLDER)
        job_log(r->job, JOB_WARN, "%s is behind what was read before: nothing is taken back",
                r->u->name);
    if (relation == REPOSITORY_REWRITTEN)
        job_log(r->job, JOB_WARN, "%s: the branch was rewritten upstream; what it has now is taken",
                r->u->name);
    r->again = !r->recorded.same_reader;
    r->whole = r->again || relation == REPOSITORY_UNKNOWN;
    return relation == REPOSITORY_OLDER || (relation == REPOSITORY_SAME && !r->again) ? 0 : 1;
}

/* ---- which files ---- */

static const char *path_of(struct run *r, const struct tree_file *f)
{
    char *path = arena_printf(r->job->arena, "deliverables/%.100s/%.150s", f->series, f->file);
    for (char *p = path; *p; p++) /* it is shown, and stored as text */
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            *p = '?';
    return path;
}

static int add_bad(struct run *r, const char *path, const char *oid, int line, const char *reason)
{
    struct import *in = &r->in;
    in->bad = arena_grow(r->job->arena, in->bad, in->bad_count, &r->bad_room, sizeof *in->bad);
    in->bad[in->bad_count++] =
        (struct import_bad){path, oid, arena_strdup(r->job->arena, reason), line};
    if (in->bad_count <= BAD_LINES_MAX)
        job_log(r->job, JOB_WARN, "%s is set aside: %s", path, reason);
    return 0;
}

static void add_file(struct run *r, const struct import_file *f)
{
    struct import *in = &r->in;
    in->files =
        arena_grow(r->job->arena, in->files, in->file_count, &r->file_room, sizeof *in->files);
    in->files[in->file_count++] = *f;
}

/* The deliverable's name, NULL if its file has none that can stand in addresses. */
static const char *name_of(struct run *r, const struct tree_file *f)
{
    const char *name = arena_strndup(r->job->arena, f->file, strlen(f->file) - strlen(".yaml"));
    return reading_is_name(name) && reading_is_name(f->series) ? name : NULL;
}

static int read_file(struct run *r, const struct tree_file *f, const char *path, const char *oid)
{
    struct deliverable *d = arena_alloc(r->job->arena, sizeof *d);
    struct err why = {0};
    git_blob *blob;
    int line = 0, rc = 0;
    const char *name = name_of(r, f);
    if (!name || !f->is_plain)
        return add_bad(r, path, oid, 0,
                       name ? "not a regular file" : "a name that no page can have");
    if (repository_blob(r->repo, &f->oid, DELIVERABLE_BYTES_MAX, &blob, r->e))
        return -1;
    if (!blob)
        return add_bad(r, path, oid, 1, "the file is too large");
    if (deliverable_parse(r->job->arena, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob),
                          d, &line, &why))
        rc = add_bad(r, path, oid, line, why.text);
    else
        add_file(r,
                 &(struct import_file){arena_strdup(r->job->arena, f->series), name, path, oid, d});
    git_blob_free(blob);
    job_progress(r->job, (int64_t)r->in.file_count, 0, "files");
    return rc;
}

static void add_gone(struct run *r, const char *path, const char *series, const char *name)
{
    add_file(r, &(struct import_file){series, name, path, NULL, NULL});
}

/* In a look at all files: true if this blob was read or set aside before. */
static bool is_known(struct run *r, const char *path, const char *oid)
{
    uint32_t n = r->whole ? intern_find(&r->paths, path) : INTERN_NONE;
    if (n == INTERN_NONE)
        return false;
    r->seen[n] = true;
    const char *was = r->bad[n] ? r->bad[n] : r->good[n];
    return !r->again && was && strcmp(was, oid) == 0;
}

/* A series that no upstream has yet is the main one's. */
static bool is_own(const struct run *r, const char *series)
{
    uint32_t n = intern_find(&r->series, series);
    return n == INTERN_NONE ? r->u->is_main : r->own[n];
}

static int visit(void *data, const struct tree_file *f)
{
    struct run *r = data;
    char oid[GIT_OID_HEXSZ + 1];
    const char *path = path_of(r, f);
    if (!is_own(r, f->series))
        return 0;
    intern_add(&r->visited, path);
    git_oid_tostr(oid, sizeof oid, &f->oid);
    if (f->gone)
        add_gone(r, path, arena_strdup(r->job->arena, f->series), name_of(r, f));
    else if (!is_known(r, path, oid))
        return read_file(r, f, path, arena_strdup(r->job->arena, oid));
    return 0;
}

static int read_owned(struct run *r)
{
    struct db_result *rows = NULL;
    if (db_call(r->job->db, &query_upstream_owned, &rows, r->e, r->u->id_text))
        return -1;
    size_t count = (size_t)db_result_rows(rows);
    r->own = arena_alloc(r->job->arena, (count + 1) * sizeof *r->own);
    for (size_t i = 0; i < count; i++)
        r->own[intern_add(&r->series, db_value(rows, (int)i, "name"))] =
            db_value_bool(rows, (int)i, "own");
    db_result_free(rows);
    return 0;
}

static int read_known(struct run *r)
{
    struct db_result *rows = NULL;
    struct arena *a = r->job->arena;
    if (db_call(r->job->db, &query_upstream_files, &rows, r->e, r->u->id_text))
        return -1;
    size_t count = (size_t)db_result_rows(rows);
    r->good = arena_alloc(a, (count + 1) * sizeof *r->good);
    r->bad = arena_alloc(a, (count + 1) * sizeof *r->bad);
    r->seen = arena_alloc(a, (count + 1) * sizeof *r->seen);
    for (int i = 0; i < (int)count; i++) {
        const char *file = db_value(rows, i, "file"), *oid = db_value(rows, i, "oid");
        const char *path =
            file ? file
                 : arena_printf(a, "deliverables/%s/%s.yaml", db_value(rows, i, "series"),
                                db_value(rows, i, "name"));
        uint32_t n = intern_add(&r->paths, path);
        (file ? r->bad : r->good)[n] = arena_strdup(a, oid ? oid : "");
    }
    r->known = r->paths.count;
    db_result_free(rows);
    return 0;
}

/* What the database has and no file is there for. */
static void add_all_gone(struct run *r)
{
    for (uint32_t i = 0; i < r->known; i++) {
        const char *path = r->paths.texts[i];
        char *series = NULL, *name = NULL;
        if (r->seen[i])
            continue;
        if (r->good[i]) { /* deliverables/SERIES/NAME.yaml */
            series = arena_strdup(r->job->arena, path + strlen("deliverables/"));
            name = strchr(series, '/');
            *name++ = '\0';
            name[strlen(name) - strlen(".yaml")] = '\0';
        }
        add_gone(r, arena_strdup(r->job->arena, path), series, name);
    }
}

/* A file that was changed and changed back is the same, but its dates may be others. */
static int read_restored(struct run *r)
{
    const char *const *paths;
    size_t count = history_paths(r->history, &paths);
    for (size_t i = 0; i < count; i++) {
        git_tree_entry *entry = NULL;
        struct tree_file f = {.is_plain = true};
        const char *below = paths[i] + strlen("deliverables/"), *slash = strchr(below, '/');
        if (git_tree_entry_bypath(&entry, r->now.deliverables, below))
            continue;
        f.series = arena_strndup(r->job->arena, below, (size_t)(slash - below));
        f.file = slash + 1;
        git_oid_cpy(&f.oid, git_tree_entry_id(entry));
        bool plain = git_tree_entry_type(entry) == GIT_OBJECT_BLOB &&
                     git_tree_entry_filemode(entry) != GIT_FILEMODE_LINK;
        git_tree_entry_free(entry);
        if (plain && intern_find(&r->visited, path_of(r, &f)) == INTERN_NONE && visit(r, &f))
            return -1;
    }
    return 0;
}

static int read_files(struct run *r)
{
    git_oid old;
    bool from_old = !r->whole && git_oid_fromstr(&old, r->recorded.head) == 0;
    job_step(r->job, "read");
    if (tree_open(r->repo, &r->head, &r->now, r->e))
        return -1;
    if (!r->now.deliverables) /* another repository: nothing of it is ours to take or to remove */
        return err_set(r->e, ERR_INPUT, "upstream has no folder deliverables/");
    if (read_owned(r) || (from_old && tree_open(r->repo, &old, &r->old, r->e)) ||
        (r->whole && read_known(r)) ||
        tree_compare(r->repo, r->old.deliverables, r->now.deliverables, visit, r, r->e))
        return -1;
    if (!r->whole)
        return read_restored(r);
    add_all_gone(r);
    return 0;
}

/* ---- which series ---- */

static bool is_series(const git_tree_entry *entry)
{
    return git_tree_entry_type(entry) == GIT_OBJECT_TREE &&
           reading_is_name(git_tree_entry_name(entry));
}

/* The list of series; none if it cannot be read. */
static int read_list(struct run *r, struct series_entry **list, size_t *count)
{
    char oid[GIT_OID_HEXSZ + 1];
    struct err why = {0};
    git_blob *blob;
    int line = 1;
    *count = 0;
    add_gone(r, STATUS_FILE, NULL, NULL); /* if it was set aside, it may be no more */
    if (!r->now.has_status)
        return 0;
    git_oid_tostr(oid, sizeof oid, &r->now.status);
    if (repository_blob(r->repo, &r->now.status, DELIVERABLE_BYTES_MAX, &blob, r->e))
        return -1;
    if (!blob)
        return add_bad(r, STATUS_FILE, arena_strdup(r->job->arena, oid), 1,
                       "the file is too large");
    r->in.series_listed =
        series_list_parse(r->job->arena, git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob),
                          list, count, &line, &why) == 0;
    git_blob_free(blob);
    if (!r->in.series_listed) {
        *count = 0;
        return add_bad(r, STATUS_FILE, arena_strdup(r->job->arena, oid), line, why.text);
    }
    return 0;
}

/* A folder that the list does not have (yet) is newer than those it has. */
static int read_series(struct run *r)
{
    struct series_entry *list = NULL;
    size_t count = 0, folders = r->now.deliverables ? git_tree_entrycount(r->now.deliverables) : 0;
    if (read_list(r, &list, &count))
        return -1;
    int next = (int)count;
    r->in.series = arena_alloc(r->job->arena, (folders + 1) * sizeof *r->in.series);
    for (size_t i = 0; i < folders; i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(r->now.deliverables, i);
        if (!is_series(entry))
            continue;
        struct import_series *s = &r->in.series[r->in.series_count++];
        s->name = arena_strdup(r->job->arena, git_tree_entry_name(entry));
        for (size_t k = 0; k < count && !s->entry; k++)
            if (strcmp(list[k].name, s->name) == 0)
                s->entry = &list[k];
        const char *kind = upstreams_series_kind(r->u->config->kind, s->name);
        s->position = s->entry ? s->entry->position : strcmp(kind, "cycle") == 0 ? ++next : 0;
    }
    return 0;
}

/* ---- dates ---- */

static void on_commits(void *data, size_t done, size_t total)
{
    job_progress(data, (int64_t)done, (int64_t)total, "commits");
}

static int load_known(struct run *r, struct history *h)
{
    struct buf repos = BUF_INIT, paths = BUF_INIT;
    struct db_result *rows = NULL;
    const char *const *texts;
    size_t n = history_repos(h, &texts);
    for (size_t i = 0; i < n; i++)
        db_array_add_text(&repos, texts[i]);
    n = history_paths(h, &texts);
    for (size_t i = 0; i < n; i++)
        db_array_add_text(&paths, texts[i]);
    int rc = db_call(r->job->db, &query_upstream_known, &rows, r->e, r->u->id_text,
                     db_array_end(&repos), db_array_end(&paths));
    for (int i = 0; rc == 0 && i < db_result_rows(rows); i++)
        history_known(h, db_value(rows, i, "path"), db_value(rows, i, "repo"),
                      db_value(rows, i, "version"), (time_t)db_value_int(rows, i, "released", 0));
    db_result_free(rows);
    buf_free(&repos);
    buf_free(&paths);
    return rc;
}

/* Reads the history after the commit up to which there are dates; all of it if that commit is
 * not in it, and then every file is written again with the dates that this gives. */
static int read_history(struct run *r)
{
    git_oid from;
    bool joined = false,
         known = r->recorded.dated && git_oid_fromstr(&from, r->recorded.dated) == 0;
    job_step(r->job, "dates");
    r->history = history_new();
    if (history_collect(r->history, r->repo, known ? &from : NULL, &r->head, &joined, on_commits,
                        r->job, r->e))
        return -1;
    if (joined && load_known(r, r->history))
        return -1;
    if (!joined)
        r->whole = r->again = true;
    history_settle(r->history);
    return 0;
}

static time_t released(void *data, const char *repo, const char *version)
{
    return history_date(data, repo, version);
}

/* ---- the whole ---- */

static int run_once(struct run *r)
{
    int found = fetch(r);
    if (found < 0)
        return -1;
    if (found == 0)
        return sync_checked(r->job, r->u, r->e);
    if (read_history(r) || read_files(r) || read_series(r))
        return -1;
    r->in.upstream = r->u;
    r->in.released = released;
    r->in.data = r->history;
    job_step(r->job, "write");
    return sync_write(r->job, &r->in, r->head_text, r->head_text, r->e);
}

static void close_run(struct run *r)
{
    history_free(r->history);
    intern_free(&r->paths);
    intern_free(&r->visited);
    intern_free(&r->series);
    tree_close(&r->old);
    tree_close(&r->now);
    repository_close(r->job->config->data, r->u, r->job->arena, r->repo);
}

/* A copy that cannot be read is rebuilt, once. */
int sync_releases(struct job *job, const struct upstream *u, struct err *e)
{
    if (repository_init(e))
        return -1;
    int rc = -1;
    for (int try = 0; try < 2; try++) {
        struct run r = {.job = job, .u = u, .e = e};
        rc = run_once(&r);
        close_run(&r);
        if (rc == 0 || e->code != ERR_SYSTEM || try > 0)
            break;
        job_log(job, JOB_WARN, "%s: %s; it is made anew", u->name, e->text);
        if (*e->detail)
            job_log(job, JOB_RAW, "%s", e->detail);
        if (repository_discard(job->config->data, u, job->arena, e))
            break;
    }
    repository_shutdown();
    return rc;
}
