// SPDX-License-Identifier: Apache-2.0
/*
 * From what was read of an upstream to the tables: series, deliverables, projects, releases,
 * series_projects, set_aside_files. Set-based: temporary tables by COPY, and only rows that differ
 * are written. Reads no repository and compares nothing.
 */
#ifndef CORE_UPSTREAM_IMPORT_H
#define CORE_UPSTREAM_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/db/db.h"
#include "core/upstream/deliverable.h"
#include "core/upstream/series_list.h"
#include "core/upstream/upstreams.h"

struct import_file {
    const char *series, *name; /* the deliverable; NULL: a file that was only ever set aside */
    const char *file;          /* as set_aside_files names it */
    const char *oid;           /* of what was read */
    const struct deliverable *content; /* NULL: the file is gone */
};

struct import_bad { /* set aside: what the tables have of it stays */
    const char *file, *oid, *reason;
    int line;
};

struct import_series {
    const char *name;
    const struct series_entry *entry; /* NULL: the list of series does not have it */
    int position;
};

struct import {
    const struct upstream *upstream;
    struct import_file *files; /* only those that are to be written or removed */
    size_t file_count;
    struct import_bad *bad;
    size_t bad_count;
    struct import_series *series; /* all that upstream has now; NULL: not looked at */
    size_t series_count;
    bool series_listed; /* statuses, dates and positions are known; otherwise those of the tables
                           stay, and only what came and went is written */
    bool partial;       /* some of it could not be asked for: no successful look */
    bool date_new; /* a version above those that the tables have of its project is dated now: for
                      upstreams without a history */
    /* When a version was released; 0: not known. NULL: no dates. */
    time_t (*released)(void *data, const char *repo, const char *version);
    void *data;
};

struct import_changed {
    int64_t *series; /* whose rows changed, to be compared */
    size_t count;
    int64_t *projects; /* of those the ones whose projects or artifacts changed: their candidates
                          are to be written again */
    size_t project_count;
};

/* Inside the transaction that is open. job: for the events of new versions. */
int import_write(struct db *db, const struct import *in, int64_t job, struct arena *a,
                 struct import_changed *out, struct err *e);

#endif
