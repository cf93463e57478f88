// SPDX-License-Identifier: Apache-2.0
/* The kinds git-tags and file: one list, each of its projects a deliverable of its own. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/fnv.h"
#include "core/upstream/list_file.h"
#include "core/upstream/reading.h"
#include "core/upstream/repository.h"
#include "core/upstream/sync.h"
#include "core/upstream/tags.h"
#include "gen/queries.h"

enum { LIST_BYTES_MAX = 2 << 20 };

struct run {
    struct job *job;
    const struct upstream *u;
    struct list_entry *entries;
    size_t count;
    bool *skipped;    /* by entry: it could not be asked for this time, what it had stays */
    size_t failed;    /* how many */
    struct err why;   /* of the first of these */
    struct buf print; /* all that the rows depend on */
    char head[17];    /* its hash */
    bool is_first;
    struct import in;
    struct err *e;
};

/* ---- git-tags ---- */

/* The path of an address without .git, a local path's last part: what its pages are named by. */
static const char *project_of(struct arena *a, const struct config_repository *c)
{
    if (c->project)
        return c->project;
    const char *public = upstreams_public_location(a, c->location), *at = strstr(public, "://");
    const char *path = at ? strchr(at + 3, '/') : strchr(public, ':');
    if (!path || *public == '/' || strncmp(public, "file:", 5) == 0)
        path = strrchr(public, '/');
    if (!path)
        path = public;
    path += strspn(path, "/:");
    size_t len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    if (len > 4 && strncmp(path + len - 4, ".git", 4) == 0)
        len -= 4;
    return arena_strndup(a, path, len);
}

static void skip(struct run *r, size_t n, const struct err *why)
{
    const char *project = r->entries[n].project;
    job_log(r->job, JOB_WARN, "%s: %s", project, why->text);
    if (*why->detail)
        job_log(r->job, JOB_RAW, "%s", why->detail);
    r->skipped[n] = true;
    if (r->failed++ == 0) {
        r->why = *why;
        err_context(&r->why, "%s", project);
    }
}

static void ask_repository(struct run *r, const struct config_repository *c)
{
    struct arena *a = r->job->arena;
    size_t n = r->count++;
    struct list_entry *entry = &r->entries[n];
    struct deliverable_version *versions;
    size_t count;
    struct err why = {0};
    const char *project = project_of(a, c);
    entry->line = c->where.line;
    if (!reading_is_repo(project)) {
        entry->reason = "its address gives no name of a project: set `project`";
        return;
    }
    entry->project = project;
    entry->content.team = c->team;
    entry->content.type = c->type;
    buf_addf(&r->print, "%s %s %s %s\n", project, c->artifact ? c->artifact : "",
             c->team ? c->team : "", c->type ? c->type : "");
    if (tags_list(a, c->location, c->tags ? c->tags : r->u->config->tags, &versions, &count,
                  &r->print, &why)) {
        skip(r, n, &why);
        return;
    }
    list_entry_fill(a, &entry->content, project, c->artifact, versions, count);
}

static int ask_repositories(struct run *r)
{
    const struct config_upstream *c = r->u->config;
    r->entries = arena_alloc(r->job->arena, (c->repository_count + 1) * sizeof *r->entries);
    r->skipped = arena_alloc(r->job->arena, c->repository_count + 1);
    job_step(r->job, "fetch");
    if (repository_init(r->e))
        return -1;
    for (size_t i = 0; i < c->repository_count; i++) {
        ask_repository(r, &c->repositories[i]);
        job_progress(r->job, (int64_t)i + 1, (int64_t)c->repository_count, "repositories");
    }
    repository_shutdown();
    return 0;
}

/* ---- file ---- */

static int read_list(struct run *r)
{
    job_step(r->job, "read");
    struct err why;
    if (file_read(r->u->config->path, LIST_BYTES_MAX, &r->print, &why)) {
        err_set(r->e, ERR_INPUT, "the list cannot be read");
        return err_detail(r->e, why.text, -1);
    }
    if (list_file_parse(r->job->arena, buf_str(&r->print), r->print.len, &r->entries, &r->count,
                        r->e))
        return -1;
    r->skipped = arena_alloc(r->job->arena, r->count + 1);
    return 0;
}

/* ---- both ---- */

static int read_recorded(struct run *r, bool *same)
{
    struct db_result *row = NULL;
    snprintf(r->head, sizeof r->head, "%016" PRIx64,
             fnv_add(FNV_START, buf_str(&r->print), r->print.len));
    if (db_call(r->job->db, &query_upstream_recorded, &row, r->e, r->u->id_text))
        return -1;
    const char *head = db_value(row, 0, "head"), *reader = db_value(row, 0, "reader");
    r->is_first = head == NULL;
    *same = head && strcmp(head, r->head) == 0 && reader && strcmp(reader, SYNC_READER) == 0;
    db_result_free(row);
    return 0;
}

/* How set_aside_files names an entry. */
static const char *file_of(struct run *r, const char *project, size_t n)
{
    const char *list = r->u->config->path ? strrchr(r->u->config->path, '/') : NULL;
    list = list ? list + 1 : r->u->series->name;
    return project ? arena_printf(r->job->arena, "%s: %s", list, project)
                   : arena_printf(r->job->arena, "%s: entry %zu", list, n + 1);
}

/* The last part of the project, as masks name deliverables; if an earlier one has it, all. */
static const char *name_of(const struct run *r, size_t n)
{
    const char *name = reading_last_part(r->entries[n].project);
    for (size_t i = 0; i < n; i++)
        if (r->entries[i].project && strcmp(reading_last_part(r->entries[i].project), name) == 0)
            return r->entries[n].project;
    return name;
}

static void add_entry(struct run *r, size_t n)
{
    const struct list_entry *entry = &r->entries[n];
    const char *file = file_of(r, entry->project, n);
    if (r->skipped[n])
        return;
    if (entry->reason) {
        job_log(r->job, JOB_WARN, "%s is set aside: %s", file, entry->reason);
        r->in.bad[r->in.bad_count++] = (struct import_bad){file, NULL, entry->reason, entry->line};
    } else {
        r->in.files[r->in.file_count++] =
            (struct import_file){r->u->series->name, name_of(r, n), file, r->head, &entry->content};
    }
}

static bool is_listed(const struct run *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->entries[i].project && strcmp(name_of(r, i), name) == 0)
            return true;
    return false;
}

static bool is_bad(const struct run *r, const char *file)
{
    for (size_t i = 0; i < r->in.bad_count; i++)
        if (strcmp(r->in.bad[i].file, file) == 0)
            return true;
    return false;
}

/* What the tables have and the list has no more. */
static void add_gone(struct run *r, const struct db_result *rows)
{
    struct arena *a = r->job->arena;
    for (int i = 0; i < db_result_rows(rows); i++) {
        const char *file = db_value(rows, i, "file"), *name = db_value(rows, i, "name");
        if (file ? is_bad(r, file) : is_listed(r, name))
            continue;
        r->in.files[r->in.file_count++] =
            (struct import_file){.series = file ? NULL : r->u->series->name,
                                 .name = file ? NULL : arena_strdup(a, name),
                                 .file = arena_strdup(a, file ? file : name)};
    }
}

static int write(struct run *r)
{
    struct db_result *rows = NULL;
    if (db_call(r->job->db, &query_upstream_files, &rows, r->e, r->u->id_text))
        return -1;
    size_t most = r->count + (size_t)db_result_rows(rows) + 1;
    r->in.upstream = r->u;
    r->in.date_new = !r->is_first;
    r->in.files = arena_alloc(r->job->arena, most * sizeof *r->in.files);
    r->in.bad = arena_alloc(r->job->arena, most * sizeof *r->in.bad);
    for (size_t i = 0; i < r->count; i++)
        add_entry(r, i);
    add_gone(r, rows);
    db_result_free(rows);
    r->in.partial = r->failed > 0;
    job_step(r->job, "write");
    return sync_write(r->job, &r->in, r->head, NULL, r->e);
}

static int run(struct job *job, const struct upstream *u, int (*read)(struct run *r), struct err *e)
{
    struct run r = {.job = job, .u = u, .e = e};
    bool same = false;
    int rc = read(&r);
    if (rc == 0)
        rc = read_recorded(&r, &same);
    if (rc == 0 && !same)
        rc = write(&r);
    else if (rc == 0 && r.failed == 0)
        rc = sync_checked(job, u, e);
    if (rc == 0 && r.failed) {
        *e = r.why;
        rc = -1;
    }
    buf_free(&r.print);
    return rc;
}

int sync_tags(struct job *job, const struct upstream *u, struct err *e)
{
    return run(job, u, ask_repositories, e);
}

int sync_file(struct job *job, const struct upstream *u, struct err *e)
{
    return run(job, u, read_list, e);
}
