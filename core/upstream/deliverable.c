// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/deliverable.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/format/yaml.h"
#include "core/upstream/reading.h"

enum { REPOS_MAX = 1000 }; /* the largest real one names 52 */

struct reader {
    struct reading in;
    struct deliverable *out;
    size_t repo_room, version_room;
    const struct node **version_nodes; /* where each version stands */
};

/* tarball-base of a release's project or of a repository's settings; NULL if it is not set. */
static int read_artifact(struct reader *r, const struct node *map, const char **out)
{
    if (reading_text(&r->in, map, "tarball-base", out))
        return -1;
    if (*out && !reading_is_name(*out))
        return reading_fail(&r->in, yaml_get(map, "tarball-base"),
                            "tarball-base is no name of a tarball");
    return 0;
}

static int read_hash(struct reader *r, const struct node *map, const char **out)
{
    if (reading_text(&r->in, map, "hash", out))
        return -1;
    size_t len = *out ? strlen(*out) : 40;
    if (len < 4 || len > 64 || (*out && strspn(*out, "0123456789abcdefABCDEF") != len))
        return reading_fail(&r->in, yaml_get(map, "hash"), "hash is no commit");
    return 0;
}

/* The repo's index; it is added if it is new. */
static int add_repo(struct reader *r, const struct node *n, const char *repo, size_t *index)
{
    struct deliverable *d = r->out;
    if (!reading_is_repo(repo))
        return reading_fail(&r->in, n, "'%.40s' is no name of a repository", repo);
    for (*index = 0; *index < d->repo_count; (*index)++)
        if (strcmp(d->repos[*index].repo, repo) == 0)
            return 0;
    if (d->repo_count == REPOS_MAX)
        return reading_fail(&r->in, n, "too many repositories");
    d->repos = arena_grow(&r->in.nodes, d->repos, d->repo_count, &r->repo_room, sizeof *d->repos);
    d->repos[d->repo_count++] = (struct deliverable_repo){arena_strdup(r->in.arena, repo), NULL};
    return 0;
}

static int read_settings(struct reader *r, const struct node *root)
{
    const struct node *map;
    if (reading_collection(&r->in, root, "repository-settings", NODE_MAP, &map))
        return -1;
    for (const struct node *n = map ? map->first : NULL; n; n = n->next) {
        size_t i;
        if (add_repo(r, n, n->key, &i))
            return -1;
        if (!yaml_is_null(n) && n->kind != NODE_MAP)
            return reading_fail(&r->in, n, "the settings of %s are no map", n->key);
        if (read_artifact(r, n, &r->out->repos[i].artifact))
            return -1;
    }
    return 0;
}

/* ---- releases ---- */

int deliverable_version_read(struct arena *a, const char *text, struct deliverable_version *out,
                             struct err *e)
{
    struct buf debian = BUF_INIT, key = BUF_INIT;
    int rc = -1;
    if (!reading_is_name(text)) {
        err_set(e, ERR_INPUT, "'%.40s' is no version", text);
        goto out;
    }
    if (version_from_upstream(text, &out->kind, &debian, e) ||
        (out->kind != VERSION_END && version_key(buf_str(&debian), &key, e)))
        goto out;
    out->version = arena_strdup(a, text);
    if (out->kind != VERSION_END) {
        out->debian = arena_strdup(a, buf_str(&debian));
        out->key = arena_memdup(a, key.data, key.len);
        out->key_len = key.len;
    }
    rc = 0;
out:
    buf_free(&debian);
    buf_free(&key);
    return rc;
}

static int read_project(struct reader *r, const struct node *n, struct deliverable_version v)
{
    struct deliverable *d = r->out;
    const char *repo;
    if (n->kind != NODE_MAP)
        return reading_fail(&r->in, n, "a project is no map");
    if (reading_required(&r->in, n, "repo", &repo) ||
        add_repo(r, yaml_get(n, "repo"), repo, &v.repo) || read_hash(r, n, &v.hash) ||
        read_artifact(r, n, &v.artifact))
        return -1;
    size_t room = r->version_room;
    r->version_nodes = arena_grow(&r->in.nodes, r->version_nodes, d->version_count, &room,
                                  sizeof(const struct node *));
    d->versions = arena_grow(&r->in.nodes, d->versions, d->version_count, &r->version_room,
                             sizeof *d->versions);
    r->version_nodes[d->version_count] = n;
    d->versions[d->version_count++] = v;
    return 0;
}

static int read_release(struct reader *r, const struct node *n)
{
    struct deliverable_version v = {0};
    const struct node *projects;
    const char *text;
    struct err why;
    if (n->kind != NODE_MAP)
        return reading_fail(&r->in, n, "a release is no map");
    if (reading_required(&r->in, n, "version", &text))
        return -1;
    if (deliverable_version_read(r->in.arena, text, &v, &why))
        return reading_fail(&r->in, yaml_get(n, "version"), "%s", why.text);
    if (reading_collection(&r->in, n, "projects", NODE_LIST, &projects))
        return -1;
    if (!projects || !projects->first)
        return reading_fail(&r->in, n, "version %s names no projects", v.version);
    for (const struct node *p = projects->first; p; p = p->next)
        if (read_project(r, p, v))
            return -1;
    return 0;
}

static int read_releases(struct reader *r, const struct node *root)
{
    const struct node *list;
    if (reading_collection(&r->in, root, "releases", NODE_LIST, &list))
        return -1;
    for (const struct node *n = list ? list->first : NULL; n; n = n->next)
        if (read_release(r, n))
            return -1;
    return 0;
}

/* ---- what holds for the whole file ---- */

static int compare_versions(const void *a, const void *b, void *versions)
{
    const struct deliverable_version *all = versions;
    const struct deliverable_version *x = &all[*(const size_t *)a], *y = &all[*(const size_t *)b];
    if (x->repo != y->repo)
        return x->repo < y->repo ? -1 : 1;
    return strcmp(x->version, y->version);
}

static int check_versions(struct reader *r)
{
    struct deliverable *d = r->out;
    size_t *order = arena_alloc(&r->in.nodes, (d->version_count + 1) * sizeof *order);
    for (size_t i = 0; i < d->version_count; i++)
        order[i] = i;
    qsort_r(order, d->version_count, sizeof *order, compare_versions, d->versions);
    for (size_t i = 1; i < d->version_count; i++)
        if (compare_versions(&order[i - 1], &order[i], d->versions) == 0) {
            size_t later = order[i] > order[i - 1] ? order[i] : order[i - 1];
            const struct deliverable_version *v = &d->versions[later];
            return reading_fail(&r->in, r->version_nodes[later], "version %s of %s stands twice",
                                v->version, d->repos[v->repo].repo);
        }
    return 0;
}

static bool is_newer(const struct deliverable_version *a, const struct deliverable_version *b)
{
    size_t both = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, both);
    return order > 0 || (order == 0 && a->key_len > b->key_len);
}

/* A version's tarball-base, else the settings', else the repo's last part; a repo's is that of its
 * newest version: some tarballs were renamed in the middle of a series. */
static void settle_artifacts(struct deliverable *d, struct reading *in)
{
    const struct deliverable_version **newest =
        arena_alloc(&in->nodes, (d->repo_count + 1) * sizeof *newest);
    for (size_t i = 0; i < d->repo_count; i++)
        if (!d->repos[i].artifact)
            d->repos[i].artifact = reading_last_part(d->repos[i].repo);
    for (size_t i = 0; i < d->version_count; i++) {
        struct deliverable_version *v = &d->versions[i];
        if (!v->artifact)
            v->artifact = d->repos[v->repo].artifact;
        if (v->kind != VERSION_END && (!newest[v->repo] || is_newer(v, newest[v->repo])))
            newest[v->repo] = v;
    }
    for (size_t i = 0; i < d->repo_count; i++)
        if (newest[i])
            d->repos[i].artifact = newest[i]->artifact;
}

static int read_deliverable(struct reader *r, const struct node *root)
{
    struct deliverable *d = r->out;
    if (root->kind != NODE_MAP)
        return reading_fail(&r->in, root, "the file is no map");
    if (reading_text(&r->in, root, "team", &d->team) ||
        reading_text(&r->in, root, "type", &d->type) ||
        reading_text(&r->in, root, "release-model", &d->model) || read_settings(r, root) ||
        read_releases(r, root) || check_versions(r))
        return -1;
    if (d->repo_count == 0)
        return reading_fail(&r->in, root,
                            "neither releases nor repository-settings name a repository");
    settle_artifacts(d, &r->in);
    d->repos = arena_memdup(r->in.arena, d->repos, d->repo_count * sizeof *d->repos);
    d->versions = arena_memdup(r->in.arena, d->versions, d->version_count * sizeof *d->versions);
    return 0;
}

int deliverable_parse(struct arena *a, const char *data, size_t len, struct deliverable *out,
                      int *line, struct err *e)
{
    struct reader r = {.out = out};
    memset(out, 0, sizeof *out);
    const struct node *root = reading_open(&r.in, a, data, len, line, e);
    int rc = root ? read_deliverable(&r, root) : -1;
    reading_close(&r.in);
    return rc;
}
