// SPDX-License-Identifier: Apache-2.0
/*
 * A deliverable, one file of openstack/releases (deliverables/SERIES/NAME.yaml), from text to a
 * struct, with core/rules applied to its versions. What is malformed or surprising is an error
 * with its line; unknown keys are no error. Reads no repository and touches no database.
 */
#ifndef CORE_UPSTREAM_DELIVERABLE_H
#define CORE_UPSTREAM_DELIVERABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/rules/version.h"

#define DELIVERABLE_BYTES_MAX ((size_t)2 << 20) /* a larger file is not even read */

struct deliverable_repo {
    const char *repo;     /* namespace/keystoneauth */
    const char *artifact; /* of its newest version; else tarball-base of the settings, else the
                             repo's last part */
};

struct deliverable_version {
    size_t repo; /* index into repos */
    const char *version;
    enum version_kind kind;
    const char *debian; /* NULL for VERSION_END */
    const void *key;    /* the sort key of that form; NULL for VERSION_END */
    size_t key_len;
    const char *hash; /* or NULL */
    const char *artifact;
};

struct deliverable {
    const char *team, *type, *model; /* NULL if the file has none */
    struct deliverable_repo *repos;  /* each repo once */
    size_t repo_count;
    struct deliverable_version *versions; /* (repo, version) once */
    size_t version_count;
};

/* Fills version, kind, debian and key of a version as upstream writes it. ERR_INPUT if it is not
 * one. */
int deliverable_version_read(struct arena *a, const char *text, struct deliverable_version *out,
                             struct err *e);

/* Everything in *out lives in the arena. ERR_INPUT: what is wrong, text "line N: ..."; *line has N
 * (1 if the file as a whole is meant). */
int deliverable_parse(struct arena *a, const char *data, size_t len, struct deliverable *out,
                      int *line, struct err *e);

#endif
