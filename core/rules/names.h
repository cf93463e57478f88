// SPDX-License-Identifier: Apache-2.0
/*
 * Names: which Debian source packages an upstream project may be. Gives candidates, best first;
 * whether one counts (the team's, or its Homepage names the repo) is decided in SQL on real rows.
 * Pure functions.
 */
#ifndef CORE_RULES_NAMES_H
#define CORE_RULES_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"

struct name_candidate {
    const char *rule; /* config, name, artifact, prefix */
    const char *name;
};

/* How a distribution and an upstream prefix names (the naming setting). */
struct name_pair {
    const char *key, *value;
};

struct name_rules {
    const char *const *prefixes; /* each added if it is missing, dropped if it is there */
    size_t prefix_count;
    /* one put in the other's place: the value begins with the key. A name that has either gets no
     * other form, and neither is dropped down to the bare name: both are packages of a team. */
    const struct name_pair *either;
    size_t either_count;
};

#define NAMES_MAX 16

/* Candidates of a repo (example/keystoneauth) and its artifact (keystoneauth1), in order of
 * preference, each name once (by its best rule). configured: from the names setting, or NULL.
 * Returns how many. */
size_t names_candidates(struct arena *a, const struct name_rules *rules, const char *repo,
                        const char *artifact, const char *configured,
                        struct name_candidate out[NAMES_MAX]);

/* namespace/repo and repo of a forge's address (github.com, salsa.debian.org, git.example.org ...),
 * lower case, `.git` and slashes off. False: no such address. */
bool names_homepage_repo(struct arena *a, const char *homepage, const char **repo,
                         const char **last);

#endif
