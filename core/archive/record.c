// SPDX-License-Identifier: Apache-2.0
#include "core/archive/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/archive/announced.h"
#include "core/archive/sources.h"
#include "core/status/status.h"
#include "gen/queries.h"

static void copy_hash(char out[SHA256_HEX], const char *value)
{
    snprintf(out, SHA256_HEX, "%s", value ? value : "");
}

int record_read_state(struct run *r, struct suite *s, struct record_state *out, struct err *e)
{
    struct db_result *rows = NULL;
    if (db_call(r->db, &query_publish_current, &rows, e, s->name))
        return -1;
    out->newest = (int)db_value_int(rows, 0, "newest", 0);
    out->generation = (int)db_value_int(rows, 0, "generation", 0);
    out->newest_date = (time_t)db_value_int(rows, 0, "newest_date", 0);
    copy_hash(out->published_sha256, db_value(rows, 0, "published_sha256"));
    copy_hash(out->newest_sha256, db_value(rows, 0, "newest_sha256"));
    db_result_free(rows);
    return 0;
}

int record_read_hold(struct run *r, const char *suite, struct record_hold *out, struct err *e)
{
    struct db_result *rows = NULL;
    memset(out, 0, sizeof *out);
    if (db_call(r->db, &query_publish_hold, &rows, e, suite))
        return -1;
    if (db_result_rows(rows) > 0) {
        copy_hash(out->release_sha256, db_value(rows, 0, "release_sha256"));
        out->held = *out->release_sha256 != '\0';
        out->accept_older = db_value_bool(rows, 0, "accept_older");
    }
    db_result_free(rows);
    return 0;
}

int record_drop_hold(struct run *r, const char *suite, struct err *e)
{
    return db_call(r->db, &query_publish_unhold, NULL, e, suite);
}

static int begin(struct run *r, struct err *e)
{
    if (db_begin(r->db, e))
        return -1;
    return r->fence ? r->fence(r->fence_data, e) : 0;
}

/* Ends the transaction: committed if rc is 0. */
static int end(struct run *r, int rc, struct err *e)
{
    if (rc == 0)
        rc = db_commit(r->db, e);
    if (rc)
        db_rollback(r->db);
    return rc;
}

static int copy_file(struct db *db, const struct contents_file *f, const char *named, struct err *e)
{
    char size[24], sum[SHA256_HEX];
    snprintf(size, sizeof size, "%" PRId64, f->size);
    hash_format_sha256(f->sha256, sum);
    return db_copy_row(db, 4, (const char *[]){f->path, size, sum, named}, e);
}

static int copy_came(void *data, const struct contents_file *f, const struct contents_file *old,
                     struct err *e)
{
    (void)old;
    return copy_file(data, f, "t", e);
}

static int copy_left(void *data, const struct contents_file *f, const struct contents_file *old,
                     struct err *e)
{
    (void)old;
    return copy_file(data, f, "f", e);
}

static int copy_source(struct run *r, const struct contents_source *from,
                       const struct contents_source *to, struct err *e)
{
    if (from && to && strcmp(from->version, to->version) == 0)
        return 0;
    return db_copy_row(r->db, 3,
                       (const char *[]){from ? from->name : to->name, from ? from->version : NULL,
                                        to ? to->version : NULL},
                       e);
}

static int copy_sources(struct run *r, const struct suite *s, struct err *e)
{
    const struct contents *a = &s->before, *b = &s->contents;
    size_t i = 0, k = 0;
    int rc = 0;
    while (rc == 0 && (i < a->source_count || k < b->source_count)) {
        const struct contents_source *from = i < a->source_count ? &a->sources[i] : NULL;
        const struct contents_source *to = k < b->source_count ? &b->sources[k] : NULL;
        int order = !from ? 1 : !to ? -1 : strcmp(from->name, to->name);
        rc = copy_source(r, order <= 0 ? from : NULL, order >= 0 ? to : NULL, e);
        i += order <= 0;
        k += order >= 0;
    }
    return rc;
}

static int copy_changes(struct run *r, const struct suite *s, struct err *e)
{
    if (db_call(r->db, &query_publish_begin, NULL, e) ||
        db_copy_begin(r->db, &query_publish_copy_files, e) ||
        contents_compare(&s->before, &s->contents, copy_came, copy_left, r->db, e) ||
        db_copy_end(r->db, e) || db_copy_begin(r->db, &query_publish_copy_sources, e) ||
        copy_sources(r, s, e))
        return -1;
    return db_copy_end(r->db, e);
}

static const char *build_url(struct run *r, struct suite *s)
{
    struct db_result *rows = NULL;
    const char *url = NULL;
    struct err why = {0};
    char job[24];
    snprintf(job, sizeof job, "%" PRId64, r->job);
    if (r->job && db_call(r->db, &query_mirror_build_url, &rows, &why, job) == 0 &&
        db_result_rows(rows) > 0)
        url = arena_strdup(s->a, db_value(rows, 0, "url"));
    db_result_free(rows);
    return url;
}

static int insert_generation(struct run *r, struct suite *s, const struct record_generation *g,
                             int64_t *id, struct err *e)
{
    const struct published_record *p = g->record;
    struct db_result *rows = NULL;
    char generation[16], published[24], date[24], newest[24], job[24], bytes[24], seconds[32],
        back[16];
    snprintf(generation, sizeof generation, "%d", p->generation);
    snprintf(published, sizeof published, "%" PRId64, (int64_t)p->published);
    snprintf(date, sizeof date, "%" PRId64, (int64_t)p->host_date);
    snprintf(newest, sizeof newest, "%" PRId64, (int64_t)p->newest_host_date);
    snprintf(job, sizeof job, "%" PRId64, r->job);
    snprintf(bytes, sizeof bytes, "%" PRId64, g->bytes);
    snprintf(seconds, sizeof seconds, "%.3f", g->seconds);
    snprintf(back, sizeof back, "%d", p->rolled_back_to);
    if (db_call(r->db, &query_publish_record, &rows, e, r->mirror->name, s->name, generation,
                published, date, p->host_sha256, newest, p->newest_host_sha256, g->id,
                r->job ? job : NULL, bytes, seconds, build_url(r, s), back,
                *p->signing_key ? "t" : "f"))
        return -1;
    *id = db_value_int(rows, 0, "id", 0);
    db_result_free(rows);
    return 0;
}

/* "main/source/Sources": its component is what stands before the last two parts. */
static const char *component_of(struct arena *a, const char *name)
{
    static const char end[] = "/source/Sources";
    size_t len = strlen(name), n = sizeof end - 1;
    return len > n && strcmp(name + len - n, end) == 0 ? arena_strndup(a, name, len - n) : "";
}

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; *at;) {
        size_t n = strcspn(at, " ");
        if (n == len && memcmp(at, word, n) == 0)
            return true;
        at += n + strspn(at + n, " ");
    }
    return false;
}

/* One apt line's rows: the Sources of its components. */
static int index_line(struct run *r, struct suite *s, int64_t id, const char *components,
                      bool *changed, struct err *e)
{
    struct sources_input *inputs = arena_alloc(s->a, (s->indexes.text_count + 1) * sizeof *inputs);
    size_t n = 0;
    for (size_t i = 0; i < s->indexes.text_count; i++) {
        const struct contents_input *text = &s->indexes.texts[i];
        const char *component = component_of(s->a, text->name);
        if (text->kind == PATHS_SOURCES && has_word(components, component))
            inputs[n++] = (struct sources_input){component, text->data, text->len};
    }
    return sources_replace(r->db, id, inputs, n, changed, e);
}

/* Lines that show the suite: those that do not have this generation yet are filled (all of them
 * if it is new). Then what follows from them; comparing comes last in its transaction. */
static int index_lines(struct run *r, struct suite *s, const char *id, bool all, struct err *e)
{
    struct db_result *rows = NULL;
    int64_t *ids, job = r->job;
    size_t count, changed = 0;
    char date[24];
    int rc = -1;
    snprintf(date, sizeof date, "%" PRId64, (int64_t)s->release.date);
    if (db_call(r->db, &query_mirror_suites, &rows, e, r->mirror->name, s->name))
        return -1;
    count = (size_t)db_result_rows(rows);
    ids = arena_alloc(s->a, (2 * count + 1) * sizeof *ids);
    for (size_t i = 0; i < count; i++) {
        const char *line = db_value(rows, (int)i, "id"),
                   *was = db_value(rows, (int)i, "fingerprint");
        bool differs = false;
        ids[count + i] = db_value_int(rows, (int)i, "id", 0);
        if (all || !was || strcmp(was, id) != 0) {
            if (index_line(r, s, ids[count + i], db_value(rows, (int)i, "components"), &differs, e))
                goto out;
            if (differs)
                ids[changed++] = ids[count + i];
        }
        if (db_call(r->db, &query_mirror_suite_read, NULL, e, line, id, date))
            goto out;
    }
    rc = changed ? status_compare_suites(r->db, ids, changed, job, e) : 0;
    if (rc == 0 && count)
        rc = status_touch_suites(r->db, ids + count, count, e);
out:
    db_result_free(rows);
    return rc;
}

static int warn_foreign(struct run *r, int64_t generation, struct err *e)
{
    struct db_result *rows = NULL;
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, generation);
    if (db_call(r->db, &query_publish_foreign, &rows, e, id))
        return -1;
    for (int i = 0; i < db_result_rows(rows); i++)
        run_warn(r, "%s came with this build: %s carries it, outside the team",
                 db_value(rows, i, "source"), db_value(rows, i, "suite"));
    db_result_free(rows);
    return 0;
}

int record_publish(struct run *r, struct suite *s, const struct record_generation *g, struct err *e)
{
    int64_t id = 0;
    int rc = begin(r, e);
    if (rc == 0 &&
        (copy_changes(r, s, e) || insert_generation(r, s, g, &id, e) || warn_foreign(r, id, e) ||
         announced_judge(r, s, e) || index_lines(r, s, g->id, true, e) ||
         (g->before_commit && g->before_commit(g->data, e))))
        rc = -1;
    return end(r, rc, e);
}

int record_lacks_lines(struct run *r, const struct suite *s, bool *lacks, struct err *e)
{
    struct db_result *rows = NULL;
    *lacks = false;
    if (db_call(r->db, &query_mirror_suites, &rows, e, r->mirror->name, s->name))
        return -1;
    for (int i = 0; i < db_result_rows(rows); i++) {
        const char *was = db_value(rows, i, "fingerprint");
        *lacks = *lacks || !was || strcmp(was, s->now.id) != 0;
    }
    db_result_free(rows);
    return 0;
}

int record_unchanged(struct run *r, struct suite *s, struct err *e)
{
    int rc = begin(r, e);
    if (rc == 0)
        rc = index_lines(r, s, s->now.id, false, e);
    return end(r, rc, e);
}

int record_suite_failed(struct run *r, const char *suite, const char *why, struct err *e)
{
    struct db_result *rows = NULL;
    int rc = begin(r, e);
    if (rc == 0)
        rc = db_call(r->db, &query_mirror_suite_failed, &rows, e, r->mirror->name, suite, why);
    for (int i = 0; rc == 0 && i < db_result_rows(rows); i++) {
        int64_t id = db_value_int(rows, i, "id", 0);
        rc = status_touch_suites(r->db, &id, 1, e);
    }
    db_result_free(rows);
    return end(r, rc, e);
}

int record_mirror(struct run *r, bool verified, const char *error, struct err *e)
{
    int rc = begin(r, e);
    if (rc == 0)
        rc = error ? db_call(r->db, &query_mirror_failed, NULL, e, r->mirror->name, error,
                             verified ? "t" : "f")
                   : db_call(r->db, &query_mirror_checked, NULL, e, r->mirror->name);
    return end(r, rc, e);
}
