// SPDX-License-Identifier: Apache-2.0
/*
 * When versions were released: the date of the commit of the branch's first-parent history that
 * added them. A version counts as added if no file had it (the same repo and version) just
 * before: a deliverable that is renamed or a project that moves between series keeps its dates, and
 * what is taken back and added again is dated by the second time. A commit without parent dates
 * nothing. A revision of a file that cannot be read is passed over.
 *
 *   history_collect  what the commits changed, from the object database
 *   history_known    what the database has of the versions before, once for each
 *   history_settle   replays the commits
 *   history_date     asks
 */
#ifndef CORE_UPSTREAM_HISTORY_H
#define CORE_UPSTREAM_HISTORY_H

#include <git2.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "core/base/err.h"

struct history;

struct history *history_new(void) __attribute__((warn_unused_result));
void history_free(struct history *h);

/* Reads the changes of the commits after `from` (NULL: all of them) up to `to`. *joined: whether
 * `from` was met; if it was not, the whole history has been read. */
int history_collect(struct history *h, git_repository *repo, const git_oid *from, const git_oid *to,
                    bool *joined, void (*progress)(void *data, size_t done, size_t total),
                    void *data, struct err *e);

/* The names of all repos and the paths of all files that the changes concern. */
size_t history_repos(const struct history *h, const char *const **out);
size_t history_paths(const struct history *h, const char *const **out);

/* A version that the file at that path has before the first of the commits; at: 0 if not
 * known. */
void history_known(struct history *h, const char *path, const char *repo, const char *version,
                   time_t at);

void history_settle(struct history *h);

/* 0: not known. */
time_t history_date(const struct history *h, const char *repo, const char *version);

#endif
