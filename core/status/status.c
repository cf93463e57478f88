// SPDX-License-Identifier: Apache-2.0
#include "core/status/status.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/buf.h"
#include "core/db/array.h"
#include "gen/queries.h"

/* An array parameter, whose memory is `out`; NULL for no ids. */
static const char *array_of(struct buf *out, const int64_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        db_array_add_int(out, ids[i]);
    return count ? db_array_end(out) : NULL;
}

int status_compare(struct db *db, const int64_t *series, size_t series_count, const int64_t *suites,
                   size_t suite_count, int64_t job, struct err *e)
{
    if (series_count == 0 && suite_count == 0)
        return 0;
    struct buf a = BUF_INIT, b = BUF_INIT;
    char id[24];
    snprintf(id, sizeof id, "%" PRId64, job);
    int rc = db_call(db, &query_status_compare, NULL, e, array_of(&a, series, series_count),
                     array_of(&b, suites, suite_count), job ? id : NULL);
    buf_free(&a);
    buf_free(&b);
    return rc ? err_context(e, "comparing") : 0;
}

int status_compare_suites(struct db *db, const int64_t *suites, size_t count, int64_t job,
                          struct err *e)
{
    return status_compare(db, NULL, 0, suites, count, job, e);
}

int status_compare_series(struct db *db, const int64_t *series, size_t count, int64_t job,
                          struct err *e)
{
    return status_compare(db, series, count, NULL, 0, job, e);
}

int status_touch_suites(struct db *db, const int64_t *suites, size_t count, struct err *e)
{
    if (count == 0)
        return 0;
    struct buf ids = BUF_INIT;
    int rc = db_call(db, &query_status_touch, NULL, e, array_of(&ids, suites, count));
    buf_free(&ids);
    return rc ? err_context(e, "raising revisions") : 0;
}
