// SPDX-License-Identifier: Apache-2.0
/*
 * A first fetch from a local path without libgit2's search for deltas, which takes most of a
 * minute: the packs are copied, as git's own clone does.
 */
#ifndef CORE_UPSTREAM_SEED_H
#define CORE_UPSTREAM_SEED_H

#include <git2.h>

/* Where repo has no such ref yet and location is a local repository, copies its objects and sets
 * the ref. Where that fails nothing is said: the fetch that follows does it then. */
void seed_from_local(git_repository *repo, const char *location, const char *ref);

#endif
