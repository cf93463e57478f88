// SPDX-License-Identifier: Apache-2.0
/*
 * The copy of an upstream repository below <data>/upstream: bare, fetched by libgit2, and nothing
 * that cannot be rebuilt. Only this module fetches; it knows nothing of what the files mean.
 * Its callers run in a process of their own: libgit2 has no network timeouts, and options are set
 * for the whole process.
 */
#ifndef CORE_UPSTREAM_REPOSITORY_H
#define CORE_UPSTREAM_REPOSITORY_H

#include <git2.h>
#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/upstream/upstreams.h"

struct repository_watch { /* called while a fetch goes on */
    void (*progress)(void *data, unsigned done, unsigned total);
    void *data;
    int64_t bytes_max; /* a fetch that brings more is given up */
};

/* Opens libgit2 and keeps the machine's and the user's git settings out. Once per process. */
int repository_init(struct err *e);
void repository_shutdown(void);

/* Opens the copy, making it if it is not there, is no repository any more, has become a heap of
 * small packs, or was not closed the last time: a library that hangs or dies on a damaged file
 * would do so for ever, and a new copy costs one fetch. */
int repository_open(const char *data, const struct upstream *u, struct arena *a,
                    git_repository **out, struct err *e);
void repository_close(const char *data, const struct upstream *u, struct arena *a,
                      git_repository *repo);

/* Removes the copy, for the next open to make it again. */
int repository_discard(const char *data, const struct upstream *u, struct arena *a, struct err *e);

/* Removes the copies of upstreams that are none of these. */
int repository_clean(const char *data, const struct upstream *upstreams, size_t count,
                     struct arena *a, struct err *e);

/* Fetches the branch and gives its commit. ERR_TRANSIENT: not reached, or too much; ERR_INPUT: no
 * such branch.
 * The text has no password and names no path; git's words are in the detail, without passwords. */
int repository_fetch(git_repository *repo, const struct upstream *u,
                     const struct repository_watch *watch, git_oid *head, struct err *e);

/* Asks a server for its branches and tags, without a copy. *heads belongs to *remote, which the
 * caller frees in either case (git_remote_free). Errors as above. */
int repository_connect(const char *location, git_remote **remote, const git_remote_head ***heads,
                       size_t *count, struct err *e);

enum repository_relation {
    REPOSITORY_SAME,
    REPOSITORY_NEWER,     /* the recorded commit is an ancestor of the fetched one */
    REPOSITORY_OLDER,     /* the other way round: a server that lags */
    REPOSITORY_REWRITTEN, /* neither */
    REPOSITORY_UNKNOWN,   /* the recorded commit is not there (or none is recorded) */
};

/* recorded: hexadecimal, or NULL. */
int repository_relate(git_repository *repo, const char *recorded, const git_oid *head,
                      enum repository_relation *out, struct err *e);

/* A file's contents; *out is NULL if they are larger than max (and have not been read). */
int repository_blob(git_repository *repo, const git_oid *oid, size_t max, git_blob **out,
                    struct err *e);

/* ERR_SYSTEM with git's words as detail: what an unreadable object of the copy leads to. Returns
 * -1. */
int repository_fail(struct err *e, const char *what);

#endif
