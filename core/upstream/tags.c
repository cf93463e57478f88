// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/tags.h"

#include <git2.h>
#include <string.h>

#include "core/upstream/repository.h"

enum { TAGS_MAX = 20000 };

const char *tags_match(struct arena *a, const char *pattern, const char *tag)
{
    size_t before = strcspn(pattern, "*"), len = strlen(tag);
    const char *end = pattern + before + 1;
    size_t after = strlen(end);
    if (len <= before + after || strncmp(tag, pattern, before) != 0 ||
        strcmp(tag + len - after, end) != 0)
        return NULL;
    return arena_strndup(a, tag + before, len - before - after);
}

struct list {
    struct arena *arena;
    const char *pattern;
    struct deliverable_version *versions;
    const char **tags; /* of each version, to find what an annotated tag stands for */
    size_t count;
    struct buf *print;
};

static void add_tag(struct list *l, const char *tag, const char *hash)
{
    struct deliverable_version v = {0};
    const char *text = tags_match(l->arena, l->pattern, tag);
    if (!text || deliverable_version_read(l->arena, text, &v, NULL))
        return;
    v.hash = arena_strdup(l->arena, hash);
    l->tags[l->count] = tag;
    l->versions[l->count++] = v;
    buf_addf(l->print, "%s %s\n", tag, hash);
}

/* `refs/tags/v1.0^{}`: the commit of the annotated tag v1.0, which is listed right before. */
static void peel_tag(struct list *l, const char *tag, size_t len, const char *hash)
{
    if (l->count == 0 || strlen(l->tags[l->count - 1]) != len ||
        strncmp(l->tags[l->count - 1], tag, len) != 0)
        return;
    l->versions[l->count - 1].hash = arena_strdup(l->arena, hash);
    buf_addf(l->print, "^ %s\n", hash);
}

static int read_heads(struct list *l, const git_remote_head **heads, size_t count, struct err *e)
{
    static const char prefix[] = "refs/tags/";
    if (count > TAGS_MAX)
        return err_set(e, ERR_INPUT, "upstream has too many branches and tags");
    l->versions = arena_alloc(l->arena, (count + 1) * sizeof *l->versions);
    l->tags = arena_alloc(l->arena, (count + 1) * sizeof *l->tags);
    for (size_t i = 0; i < count; i++) {
        const char *name = heads[i]->name;
        char hash[GIT_OID_HEXSZ + 1];
        if (strncmp(name, prefix, sizeof prefix - 1) != 0)
            continue;
        name += sizeof prefix - 1;
        git_oid_tostr(hash, sizeof hash, &heads[i]->oid);
        size_t len = strlen(name);
        if (len > 3 && strcmp(name + len - 3, "^{}") == 0)
            peel_tag(l, name, len - 3, hash);
        else
            add_tag(l, name, hash);
    }
    return 0;
}

int tags_list(struct arena *a, const char *location, const char *pattern,
              struct deliverable_version **out, size_t *count, struct buf *print, struct err *e)
{
    struct list l = {.arena = a, .pattern = pattern, .print = print};
    git_remote *remote = NULL;
    const git_remote_head **heads;
    size_t n;
    int rc = repository_connect(location, &remote, &heads, &n, e);
    if (rc == 0)
        rc = read_heads(&l, heads, n, e);
    git_remote_free(remote);
    *out = l.versions;
    *count = l.count;
    return rc;
}
