// SPDX-License-Identifier: Apache-2.0
/*
 * Where the files of openstack/releases lie in a commit, and which of them two commits have
 * differently: deliverables/SERIES/NAME.yaml and data/series_status.yaml. Compares trees alone,
 * straight from the object database, without libgit2's diff, which costs ten times as much over a
 * long history.
 */
#ifndef CORE_UPSTREAM_TREE_H
#define CORE_UPSTREAM_TREE_H

#include <git2.h>
#include <stdbool.h>

#include "core/base/err.h"

struct tree_file {
    const char *series, *file; /* as in the tree: any bytes; file ends in .yaml */
    git_oid oid;
    bool gone;     /* only the older commit has it */
    bool is_plain; /* a regular file: no link, no folder */
};

/* A return other than 0 ends the visit. */
typedef int tree_visit(void *data, const struct tree_file *file);

struct tree_top {
    git_tree *deliverables; /* NULL: the commit has no such folder */
    git_oid status;         /* of data/series_status.yaml */
    bool has_status;
};

int tree_open(git_repository *repo, const git_oid *commit, struct tree_top *out, struct err *e);
void tree_close(struct tree_top *top);

/* Visits the files of `new` that `old` (may be NULL: all) has not or has differently, and those
 * that only `old` has. */
int tree_compare(git_repository *repo, const git_tree *old, const git_tree *new, tree_visit *visit,
                 void *data, struct err *e);

#endif
