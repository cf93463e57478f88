// SPDX-License-Identifier: Apache-2.0
/*
 * Comparison: thin C over sql/functions/compare.sql. Each call runs in the transaction that is
 * open, after everything else of it was written: it takes the lock of comparisons, writes only
 * rows that differ (with history and events) and raises the revisions last. So it comes right
 * before the commit, at most once with each list.
 */
#ifndef CORE_STATUS_STATUS_H
#define CORE_STATUS_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/db/db.h"

/* After the rows of these suites changed (sources_replace said so). job: whose change it is, 0:
 * none.
 */
int status_compare_suites(struct db *db, const int64_t *suites, size_t count, int64_t job,
                          struct err *e);

/* After releases, candidates, masks, teams, names, targets or target_suites of these series
 * changed, configured or not. */
int status_compare_series(struct db *db, const int64_t *series, size_t count, int64_t job,
                          struct err *e);

/* Both at once: a change that touched series and suites in one transaction. */
int status_compare(struct db *db, const int64_t *series, size_t series_count, const int64_t *suites,
                   size_t suite_count, int64_t job, struct err *e);

/* Only suites.checked, .tried or .error changed: raises the revisions of the targets that show
 * them, compares nothing. */
int status_touch_suites(struct db *db, const int64_t *suites, size_t count, struct err *e);

#endif
