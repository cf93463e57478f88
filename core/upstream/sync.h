// SPDX-License-Identifier: Apache-2.0
/*
 * One look at one upstream: fetch or list, read what changed, write it, compare the series that it
 * concerns. One entry per kind of upstream; each leaves no transaction open.
 */
#ifndef CORE_UPSTREAM_SYNC_H
#define CORE_UPSTREAM_SYNC_H

#include "core/base/err.h"
#include "core/queue/job.h"
#include "core/upstream/import.h"
#include "core/upstream/upstreams.h"

/* Raise it when core/rules or a reader here gives other rows for the same file: all files are read
 * again then. */
#define SYNC_READER "1"

/* By the kind of the upstream. On failure what the database has stays, and its row says why. */
int sync_upstream(struct job *job, const struct upstream *u, struct err *e);

/* For the kinds: one transaction with the rows, the candidates, the upstream's state (head and
 * dated_to may be NULL) and, last, the comparison. */
int sync_write(struct job *job, const struct import *in, const char *head, const char *dated_to,
               struct err *e);

/* Only the time of the last look is new. */
int sync_checked(struct job *job, const struct upstream *u, struct err *e);

int sync_releases(struct job *job, const struct upstream *u, struct err *e);
int sync_tags(struct job *job, const struct upstream *u, struct err *e);
int sync_file(struct job *job, const struct upstream *u, struct err *e);

#endif
