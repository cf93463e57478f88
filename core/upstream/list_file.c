// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/list_file.h"

#include <string.h>

#include "core/upstream/reading.h"

enum { ENTRIES_MAX = 5000 };

void list_entry_fill(struct arena *a, struct deliverable *out, const char *project,
                     const char *artifact, struct deliverable_version *versions, size_t count)
{
    out->repos = arena_alloc(a, sizeof *out->repos);
    out->repo_count = 1;
    out->repos[0].repo = project;
    out->repos[0].artifact = artifact ? artifact : reading_last_part(project);
    out->versions = versions;
    out->version_count = count;
    for (size_t i = 0; i < count; i++) {
        versions[i].repo = 0;
        versions[i].artifact = out->repos[0].artifact;
    }
}

static int add_version(struct reading *r, const struct node *n,
                       struct deliverable_version *versions, size_t *count)
{
    struct err why;
    const char *text = yaml_text(n);
    if (!text)
        return reading_fail(r, n, "a version is no text");
    if (deliverable_version_read(r->arena, text, &versions[*count], &why))
        return reading_fail(r, n, "%s", why.text);
    for (size_t i = 0; i < *count; i++)
        if (strcmp(versions[i].version, text) == 0)
            return reading_fail(r, n, "version %.40s stands twice", text);
    (*count)++;
    return 0;
}

static int read_versions(struct reading *r, const struct node *n,
                         struct deliverable_version **versions, size_t *count)
{
    const struct node *list, *one = yaml_get(n, "version");
    if (reading_collection(r, n, "versions", NODE_LIST, &list))
        return -1;
    size_t most = list ? list->count : 0;
    if (most > 1000)
        return reading_fail(r, list, "too many versions");
    *versions = arena_alloc(r->arena, (most + 1) * sizeof **versions);
    *count = 0;
    if (!yaml_is_null(one) && add_version(r, one, *versions, count))
        return -1;
    for (const struct node *v = list ? list->first : NULL; v; v = v->next)
        if (add_version(r, v, *versions, count))
            return -1;
    return 0;
}

static int read_entry(struct reading *r, const struct node *n, struct list_entry *out)
{
    struct deliverable *d = &out->content;
    struct deliverable_version *versions = NULL;
    const char *artifact, *project;
    size_t count = 0;
    if (n->kind != NODE_MAP)
        return reading_fail(r, n, "an entry is no map");
    if (reading_required(r, n, "project", &project))
        return -1;
    if (!reading_is_repo(project))
        return reading_fail(r, n, "'%.40s' is no name of a project", project);
    out->project = project;
    if (reading_text(r, n, "artifact", &artifact) || reading_text(r, n, "team", &d->team) ||
        reading_text(r, n, "type", &d->type) || read_versions(r, n, &versions, &count))
        return -1;
    if (artifact && !reading_is_name(artifact))
        return reading_fail(r, n, "artifact is no name of a tarball");
    list_entry_fill(r->arena, d, project, artifact, versions, count);
    return 0;
}

static int check_project(struct reading *r, const struct node *n, const struct list_entry *all,
                         const struct list_entry *entry)
{
    for (; all < entry; all++)
        if (all->project && strcmp(all->project, entry->project) == 0)
            return reading_fail(r, n, "the project %s stands twice", entry->project);
    return 0;
}

static int read_list(struct reading *r, const struct node *root, struct list_entry **out,
                     size_t *count)
{
    struct err why, *kept = r->e;
    if (root->kind != NODE_LIST)
        return reading_fail(r, root, "the file is no list");
    if (root->count > ENTRIES_MAX)
        return reading_fail(r, root, "too many entries");
    *out = arena_alloc(r->arena, (root->count + 1) * sizeof **out);
    *count = 0;
    r->e = &why;
    for (const struct node *n = root->first; n; n = n->next) {
        struct list_entry *entry = &(*out)[(*count)++];
        bool bad = read_entry(r, n, entry) || check_project(r, n, *out, entry);
        entry->line = bad ? *r->line : n->line;
        entry->reason = bad ? arena_strdup(r->arena, why.text) : NULL;
    }
    r->e = kept;
    return 0;
}

int list_file_parse(struct arena *a, const char *data, size_t len, struct list_entry **out,
                    size_t *count, struct err *e)
{
    struct reading r;
    int line = 1;
    const struct node *root = reading_open(&r, a, data, len, &line, e);
    int rc = root ? read_list(&r, root, out, count) : -1;
    reading_close(&r);
    return rc;
}
