// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/history.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/upstream/deliverable.h"
#include "core/upstream/intern.h"
#include "core/upstream/reading.h"
#include "core/upstream/repository.h"
#include "core/upstream/tree.h"

#define LATEST ((time_t)4102444800) /* the year 2100: a clock that is wrong */

struct set { /* versions of one file, as numbers of `keys` */
    uint32_t *keys;
    uint32_t count, room;
};

struct change { /* one file in one commit */
    uint32_t path;
    uint32_t commit; /* index */
    struct set now;
};

struct known { /* what a file has before the first commit */
    uint32_t path, key;
    time_t at;
};

struct version {     /* by number of `keys` */
    uint32_t files;  /* how many have it now */
    uint32_t before; /* as it was before the commit in hand */
    uint32_t seen;   /* the commit in hand, plus one */
    time_t at;       /* 0: not known */
};

struct history {
    struct intern keys;  /* "repo version" */
    struct intern paths; /* deliverables/SERIES/NAME.yaml */
    struct intern repos;
    uint32_t changed_paths; /* the first of `paths`: those that changes concern */
    struct change *changes;
    size_t change_count, change_room;
    git_oid *commits; /* oldest first */
    time_t *times;    /* of each commit; 0: it dates nothing */
    size_t commit_count, commit_room;
    struct known *known;
    size_t known_count, known_room;
    struct set *files;        /* by path */
    struct version *versions; /* by key */
    /* while collecting */
    git_repository *repo;
    uint32_t commit; /* the one in hand */
    struct arena scratch;
    struct err *e;
};

static void *resized(void *p, size_t count, size_t size)
{
    p = reallocarray(p, count ? count : 1, size);
    if (!p)
        abort(); /* as core/base/buf.h has it */
    return p;
}

/* Room for one more of a list that doubles. */
static void *room(void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return list;
    *capacity = *capacity ? *capacity * 2 : 64;
    return resized(list, *capacity, size);
}

struct history *history_new(void)
{
    struct history *h = resized(NULL, 1, sizeof *h);
    memset(h, 0, sizeof *h);
    return h;
}

void history_free(struct history *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < h->change_count; i++)
        free(h->changes[i].now.keys);
    for (uint32_t i = 0; h->files && i < h->paths.count; i++)
        free(h->files[i].keys);
    free(h->changes);
    free(h->known);
    free(h->commits);
    free(h->times);
    free(h->files);
    free(h->versions);
    intern_free(&h->keys);
    intern_free(&h->paths);
    intern_free(&h->repos);
    arena_free(&h->scratch);
    free(h);
}

static uint32_t key_of(struct history *h, const char *repo, const char *version)
{
    char text[READING_REPO_MAX + READING_NAME_MAX + 2];
    snprintf(text, sizeof text, "%s %s", repo, version);
    return intern_add(&h->keys, text);
}

static void set_add(struct set *s, uint32_t key)
{
    size_t capacity = s->room;
    s->keys = room(s->keys, s->count, &capacity, sizeof *s->keys);
    s->room = (uint32_t)capacity;
    s->keys[s->count++] = key;
}

/* ---- collecting ---- */

/* First parents from `to` down to `from` or to the end. */
static int list_commits(struct history *h, const git_oid *from, const git_oid *to, bool *joined)
{
    git_oid at = *to;
    *joined = false;
    for (;;) {
        git_commit *c;
        if (from && git_oid_equal(from, &at)) {
            *joined = true;
            return 0;
        }
        if (git_commit_lookup(&c, h->repo, &at))
            return repository_fail(h->e, "a commit");
        h->commits = room(h->commits, h->commit_count, &h->commit_room, sizeof *h->commits);
        h->commits[h->commit_count++] = at;
        const git_oid *parent = git_commit_parent_id(c, 0);
        if (parent)
            at = *parent;
        git_commit_free(c);
        if (!parent)
            return 0;
    }
}

static void reverse_commits(struct history *h)
{
    for (size_t i = 0, k = h->commit_count; i + 1 < k; i++) {
        git_oid other = h->commits[--k];
        h->commits[k] = h->commits[i];
        h->commits[i] = other;
    }
}

static void take_versions(struct history *h, struct set *s, const struct deliverable *d)
{
    for (size_t i = 0; i < d->repo_count; i++)
        intern_add(&h->repos, d->repos[i].repo);
    for (size_t i = 0; i < d->version_count; i++)
        set_add(s, key_of(h, d->repos[d->versions[i].repo].repo, d->versions[i].version));
}

/* 1: read, 0: not to be read, -1: the object is not there. */
static int read_versions(struct history *h, const git_oid *oid, struct set *s)
{
    git_blob *blob;
    struct deliverable d;
    struct err why;
    int line, rc = 0;
    if (repository_blob(h->repo, oid, DELIVERABLE_BYTES_MAX, &blob, h->e))
        return -1;
    if (blob && deliverable_parse(&h->scratch, git_blob_rawcontent(blob),
                                  (size_t)git_blob_rawsize(blob), &d, &line, &why) == 0) {
        take_versions(h, s, &d);
        rc = 1;
    }
    git_blob_free(blob);
    arena_reset(&h->scratch);
    return rc;
}

static int visit(void *data, const struct tree_file *f)
{
    struct history *h = data;
    struct change change = {.commit = h->commit};
    char path[2 * READING_NAME_MAX + 32];
    /* other names than these are set aside whatever they hold */
    if ((!f->gone && !f->is_plain) || !reading_is_name(f->series) || !reading_is_name(f->file))
        return 0;
    snprintf(path, sizeof path, "deliverables/%s/%s", f->series, f->file);
    int rc = f->gone ? 1 : read_versions(h, &f->oid, &change.now);
    if (rc <= 0)
        return rc;
    change.path = intern_add(&h->paths, path);
    h->changes = room(h->changes, h->change_count, &h->change_room, sizeof *h->changes);
    h->changes[h->change_count++] = change;
    return 0;
}

/* 0: it dates nothing, as it has no parent, or no date that can be. */
static time_t commit_time(struct history *h, const git_oid *oid)
{
    git_commit *c;
    time_t at = 0;
    if (git_commit_lookup(&c, h->repo, oid))
        return 0;
    if (git_commit_parentcount(c) > 0)
        at = (time_t)git_commit_time(c);
    git_commit_free(c);
    return at > 0 && at < LATEST ? at : 0;
}

/* Each commit's tree is opened once: as the newer one, then as the older one. */
static int walk_commits(struct history *h, const git_oid *from,
                        void (*progress)(void *data, size_t done, size_t total), void *data)
{
    struct tree_top old = {0}, new;
    int rc = from ? tree_open(h->repo, from, &old, h->e) : 0;
    for (size_t i = 0; rc == 0 && i < h->commit_count; i++) {
        h->commit = (uint32_t)i;
        h->times[i] = commit_time(h, &h->commits[i]);
        rc = tree_open(h->repo, &h->commits[i], &new, h->e);
        if (rc)
            break;
        rc = tree_compare(h->repo, old.deliverables, new.deliverables, visit, h, h->e);
        tree_close(&old);
        old = new;
        if (progress)
            progress(data, i + 1, h->commit_count);
    }
    tree_close(&old);
    return rc;
}

int history_collect(struct history *h, git_repository *repo, const git_oid *from, const git_oid *to,
                    bool *joined, void (*progress)(void *data, size_t done, size_t total),
                    void *data, struct err *e)
{
    h->repo = repo;
    h->e = e;
    if (list_commits(h, from, to, joined))
        return -1;
    reverse_commits(h);
    h->times = resized(h->times, h->commit_count, sizeof *h->times);
    int rc = walk_commits(h, *joined ? from : NULL, progress, data);
    h->changed_paths = h->paths.count;
    return rc;
}

size_t history_repos(const struct history *h, const char *const **out)
{
    *out = h->repos.texts;
    return h->repos.count;
}

size_t history_paths(const struct history *h, const char *const **out)
{
    *out = h->paths.texts;
    return h->changed_paths;
}

/* ---- replaying ---- */

void history_known(struct history *h, const char *path, const char *repo, const char *version,
                   time_t at)
{
    h->known = room(h->known, h->known_count, &h->known_room, sizeof *h->known);
    h->known[h->known_count++] =
        (struct known){intern_add(&h->paths, path), key_of(h, repo, version), at};
}

static void start(struct history *h)
{
    h->files = resized(NULL, h->paths.count, sizeof *h->files);
    memset(h->files, 0, h->paths.count * sizeof *h->files);
    h->versions = resized(NULL, h->keys.count, sizeof *h->versions);
    memset(h->versions, 0, h->keys.count * sizeof *h->versions);
    for (size_t i = 0; i < h->known_count; i++) {
        const struct known *k = &h->known[i];
        set_add(&h->files[k->path], k->key);
        h->versions[k->key].files++;
        if (k->at)
            h->versions[k->key].at = k->at;
    }
}

/* Counts a file that has the version more (1) or less (-1), remembering how it was before. */
static void count_files(struct history *h, const struct set *s, int more, uint32_t commit,
                        struct set *touched)
{
    for (uint32_t i = 0; i < s->count; i++) {
        struct version *v = &h->versions[s->keys[i]];
        if (v->seen != commit + 1) {
            v->seen = commit + 1;
            v->before = v->files;
            set_add(touched, s->keys[i]);
        }
        v->files += (uint32_t)more;
    }
}

static void settle_commit(struct history *h, uint32_t commit, const struct set *touched)
{
    for (uint32_t i = 0; i < touched->count; i++) {
        struct version *v = &h->versions[touched->keys[i]];
        if (v->files == 0)
            v->at = 0;
        else if (v->before == 0)
            v->at = h->times[commit];
    }
}

void history_settle(struct history *h)
{
    struct set touched = {0};
    start(h);
    for (size_t i = 0; i < h->change_count;) {
        uint32_t commit = h->changes[i].commit;
        touched.count = 0;
        for (; i < h->change_count && h->changes[i].commit == commit; i++) {
            struct change *c = &h->changes[i];
            count_files(h, &h->files[c->path], -1, commit, &touched);
            count_files(h, &c->now, 1, commit, &touched);
            free(h->files[c->path].keys);
            h->files[c->path] = c->now;
            c->now = (struct set){0};
        }
        settle_commit(h, commit, &touched);
    }
    free(touched.keys);
}

time_t history_date(const struct history *h, const char *repo, const char *version)
{
    char text[READING_REPO_MAX + READING_NAME_MAX + 2];
    snprintf(text, sizeof text, "%s %s", repo, version);
    uint32_t key = intern_find(&h->keys, text);
    return key == INTERN_NONE ? 0 : h->versions[key].at;
}
