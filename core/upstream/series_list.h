// SPDX-License-Identifier: Apache-2.0
/*
 * data/series_status.yaml of openstack/releases: the series with their ids, statuses and dates,
 * from text to structs. Reads no repository and touches no database.
 */
#ifndef CORE_UPSTREAM_SERIES_LIST_H
#define CORE_UPSTREAM_SERIES_LIST_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/err.h"

struct series_entry {
    const char *name;
    const char *release, *status;           /* NULL if the file has none */
    const char *initial_release, *eol_date; /* YYYY-MM-DD, NULL if there is no such date */
    int position;                           /* from 1: higher is newer */
};

/* The list, oldest first. The order of time is that of initial-release, else of the release id,
 * else of the file, which upstream writes newest first. ERR_INPUT: text "line N: ...", *line. */
int series_list_parse(struct arena *a, const char *data, size_t len, struct series_entry **out,
                      size_t *count, int *line, struct err *e);

#endif
