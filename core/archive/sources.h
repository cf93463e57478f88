// SPDX-License-Identifier: Apache-2.0
/*
 * A suite's Sources into the table `sources`: the highest version of each name (Policy 5.6.12),
 * entries marked Extra-Source-Only left out, rules of core/rules applied (sort key, upstream part,
 * homepage). Takes text that has been verified already; fetches nothing, compares nothing (the
 * caller goes on with core/status). A paragraph that cannot be read is set aside by name and
 * reason, the others go on, and the row that the suite had of that name stays.
 */
#ifndef CORE_ARCHIVE_SOURCES_H
#define CORE_ARCHIVE_SOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/db/db.h"

struct sources_input {     /* one Sources file, uncompressed */
    const char *component; /* main */
    const char *data;      /* may be mapped; need not be terminated; NULL with len 0: empty */
    size_t len;
};

/* Makes `sources` (and team_sources) of the suite equal to the inputs, inside the transaction that
 * is open; rows that do not differ are not written. *changed (may be NULL): whether any row came,
 * went or changed. Zero inputs empty the suite. ERR_DATABASE, or ERR_INPUT if the database
 * refuses. */
int sources_replace(struct db *db, int64_t suite_id, const struct sources_input *inputs,
                    size_t count, bool *changed, struct err *e);

#endif
