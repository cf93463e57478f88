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

#define NAMES_MAX 16

/* Candidates of a repo (openstack/keystoneauth) and its artifact (keystoneauth1), in order of
 * preference, each name once (by its best rule). configured: from the names setting, or NULL.
 * Returns how many. */
size_t names_candidates(struct arena *a, const char *repo, const char *artifact,
                        const char *configured, struct name_candidate out[NAMES_MAX]);

/* namespace/repo and repo of a forge's address (opendev.org, git.openstack.org, github.com,
 * salsa.debian.org ...), lower case, `.git` and slashes off. False: no such address. */
bool names_homepage_repo(struct arena *a, const char *homepage, const char **repo,
                         const char **last);

#endif
