// SPDX-License-Identifier: Apache-2.0
#include "core/archive/announced.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/rules/version.h"
#include "gen/queries.h"

static int read_announced(struct run *r, struct db_result **rows, struct err *e)
{
    char job[24];
    snprintf(job, sizeof job, "%" PRId64, r->job);
    return db_call(r->db, &query_mirror_announced, rows, e, job);
}

/* That version or newer; without a version any. One that is no version is never there. */
static bool is_there(const struct contents_source *has, const char *version)
{
    struct buf key = BUF_INIT;
    struct err why = {0};
    if (!has)
        return false;
    bool there = !version || (version_key(version, &key, &why) == 0 &&
                              contents_compare_keys(has->key, has->key_len,
                                                    (const unsigned char *)key.data, key.len) >= 0);
    buf_free(&key);
    return there;
}

int announced_judge(struct run *r, const struct suite *s, struct err *e)
{
    struct db_result *rows = NULL;
    int rc = 0;
    if (!r->job)
        return 0;
    if (read_announced(r, &rows, e))
        return -1;
    for (int i = 0; rc == 0 && i < db_result_rows(rows); i++)
        if (is_there(contents_find_source(&s->contents, db_value(rows, i, "source")),
                     db_value(rows, i, "version")))
            rc = db_call(r->db, &query_mirror_fulfilled, NULL, e, db_value(rows, i, "id"));
    db_result_free(rows);
    return rc;
}

int announced_left(struct run *r, struct err *e)
{
    struct db_result *rows = NULL;
    if (!r->job)
        return 0;
    if (read_announced(r, &rows, e))
        return -1;
    int n = db_result_rows(rows);
    db_result_free(rows);
    return n;
}

/* The suite of the run that has the source at its highest version. */
static const struct contents_source *find_highest(const struct suite *suites, size_t count,
                                                  const char *source, const char **suite)
{
    const struct contents_source *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct contents_source *has = contents_find_source(&suites[i].contents, source);
        if (has && (!best ||
                    contents_compare_keys(has->key, has->key_len, best->key, best->key_len) > 0)) {
            best = has;
            *suite = suites[i].name;
        }
    }
    return best;
}

int announced_report(struct run *r, const struct suite *suites, size_t count, struct err *e)
{
    struct db_result *rows = NULL;
    struct buf text = BUF_INIT;
    if (!r->job)
        return 0;
    if (read_announced(r, &rows, e))
        return -1;
    int n = db_result_rows(rows);
    for (int i = 0; i < n; i++) {
        const char *source = db_value(rows, i, "source"), *version = db_value(rows, i, "version");
        const char *suite = NULL;
        const struct contents_source *has = find_highest(suites, count, source, &suite);
        buf_addf(&text, "%s%s%s%s was announced, but ", text.len ? "; " : "", source,
                 version ? " " : "", version ? version : "");
        if (has)
            buf_addf(&text, "%s has %s", suite, has->version);
        else
            buf_add_str(&text, "no suite of the host has it");
    }
    db_result_free(rows);
    if (n > 0)
        err_set(e, ERR_NOT_READY, "%s", buf_str(&text));
    buf_free(&text);
    return n > 0 ? -1 : 0;
}
