// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/tree.h"

#include <string.h>

#include "core/upstream/repository.h"

struct compare {
    git_repository *repo;
    tree_visit *visit;
    void *data;
    struct err *e;
};

static int open_entry(git_repository *repo, const git_tree_entry *entry, git_tree **out,
                      struct err *e)
{
    *out = NULL;
    if (!entry || git_tree_entry_type(entry) != GIT_OBJECT_TREE)
        return 0;
    return git_tree_lookup(out, repo, git_tree_entry_id(entry)) ? repository_fail(e, "a folder")
                                                                : 0;
}

static int read_status(git_repository *repo, const git_tree *root, struct tree_top *out,
                       struct err *e)
{
    git_tree *data;
    if (open_entry(repo, git_tree_entry_byname(root, "data"), &data, e))
        return -1;
    const git_tree_entry *file = data ? git_tree_entry_byname(data, "series_status.yaml") : NULL;
    out->has_status = file && git_tree_entry_type(file) == GIT_OBJECT_BLOB;
    if (out->has_status)
        git_oid_cpy(&out->status, git_tree_entry_id(file));
    git_tree_free(data);
    return 0;
}

int tree_open(git_repository *repo, const git_oid *commit, struct tree_top *out, struct err *e)
{
    git_commit *c = NULL;
    git_tree *root = NULL;
    int rc = -1;
    memset(out, 0, sizeof *out);
    if (git_commit_lookup(&c, repo, commit) || git_commit_tree(&root, c))
        repository_fail(e, "a commit");
    else
        rc = open_entry(repo, git_tree_entry_byname(root, "deliverables"), &out->deliverables, e) ||
                     read_status(repo, root, out, e)
                 ? -1
                 : 0;
    if (rc)
        tree_close(out);
    git_tree_free(root);
    git_commit_free(c);
    return rc;
}

void tree_close(struct tree_top *top)
{
    git_tree_free(top->deliverables);
    top->deliverables = NULL;
}

static bool is_yaml(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcmp(name + len - 5, ".yaml") == 0;
}

static int visit_file(const struct compare *c, const char *series, const git_tree_entry *entry,
                      bool gone)
{
    git_filemode_t mode = git_tree_entry_filemode(entry);
    struct tree_file file = {series, git_tree_entry_name(entry), *git_tree_entry_id(entry), gone,
                             mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE};
    return is_yaml(file.file) ? c->visit(c->data, &file) : 0;
}

static bool is_same(const git_tree_entry *a, const git_tree_entry *b)
{
    return a && b && git_oid_equal(git_tree_entry_id(a), git_tree_entry_id(b)) &&
           git_tree_entry_filemode(a) == git_tree_entry_filemode(b);
}

static size_t entries(const git_tree *tree)
{
    return tree ? git_tree_entrycount(tree) : 0;
}

static const git_tree_entry *find(const git_tree *tree, const char *name)
{
    return tree ? git_tree_entry_byname(tree, name) : NULL;
}

static int compare_series(const struct compare *c, const char *series, const git_tree *old,
                          const git_tree *new)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < entries(old); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(old, i);
        if (!find(new, git_tree_entry_name(entry)))
            rc = visit_file(c, series, entry, true);
    }
    for (size_t i = 0; rc == 0 && i < entries(new); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(new, i);
        if (!is_same(find(old, git_tree_entry_name(entry)), entry))
            rc = visit_file(c, series, entry, false);
    }
    return rc;
}

/* Either entry may be NULL or no folder. */
static int compare_folders(const struct compare *c, const char *series,
                           const git_tree_entry *old_entry, const git_tree_entry *new_entry)
{
    git_tree *old = NULL, *new = NULL;
    int rc = open_entry(c->repo, old_entry, &old, c->e);
    rc = rc ? rc : open_entry(c->repo, new_entry, &new, c->e);
    rc = rc ? rc : compare_series(c, series, old, new);
    git_tree_free(old);
    git_tree_free(new);
    return rc;
}

int tree_compare(git_repository *repo, const git_tree *old, const git_tree *new, tree_visit *visit,
                 void *data, struct err *e)
{
    const struct compare c = {repo, visit, data, e};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < entries(old); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(old, i);
        const char *name = git_tree_entry_name(entry);
        if (!find(new, name))
            rc = compare_folders(&c, name, entry, NULL);
    }
    for (size_t i = 0; rc == 0 && i < entries(new); i++) {
        const git_tree_entry *entry = git_tree_entry_byindex(new, i);
        const char *name = git_tree_entry_name(entry);
        if (!is_same(find(old, name), entry))
            rc = compare_folders(&c, name, find(old, name), entry);
    }
    return rc;
}
