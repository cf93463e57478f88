// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/candidates.h"

#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/db/array.h"
#include "core/rules/names.h"
#include "gen/queries.h"

static const char *find_name(const struct config_pairs *names, const char *repo)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i].key, repo) == 0)
            return names->items[i].value;
    return NULL;
}

static const struct config_series *find_series(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->series_count; i++)
        if (strcmp(c->series[i].name, name) == 0)
            return &c->series[i];
    return NULL;
}

static const char *configured_name(const struct config *c, const struct config_series *s,
                                   const char *repo)
{
    const char *name = s ? find_name(&s->names, repo) : NULL;
    return name ? name : find_name(&c->names, repo);
}

static struct name_rules rules_of(struct arena *a, const struct config_naming *naming)
{
    size_t n = naming->either.count;
    struct name_pair *either = arena_alloc(a, (n + 1) * sizeof(*either));
    for (size_t i = 0; i < n; i++)
        either[i] = (struct name_pair){naming->either.items[i].key, naming->either.items[i].value};
    return (struct name_rules){naming->prefixes.items, naming->prefixes.count, either, n};
}

/* The candidates of one row of series_projects; the result is not touched while COPY runs. */
static int copy_project(struct db *db, struct arena *a, const struct config *config,
                        const struct db_result *r, int row, struct err *e)
{
    struct name_candidate found[NAMES_MAX];
    const char *repo = db_value(r, row, "repo");
    const struct config_series *s = find_series(config, db_value(r, row, "name"));
    const struct name_rules rules = rules_of(a, s ? &s->naming : &config->naming);
    size_t n = names_candidates(a, &rules, repo, db_value(r, row, "artifact"),
                                configured_name(config, s, repo), found);
    for (size_t i = 0; i < n; i++) {
        char rank[24];
        snprintf(rank, sizeof rank, "%zu", i + 1);
        const char *values[] = {db_value(r, row, "series"), db_value(r, row, "project"), rank,
                                found[i].rule, found[i].name};
        if (db_copy_row(db, 5, values, e))
            return -1;
    }
    return 0;
}

static int copy_all(struct db *db, const struct config *config, const struct db_result *r,
                    struct err *e)
{
    struct arena row = ARENA_INIT;
    int rc = db_copy_begin(db, &query_upstream_candidates_copy, e);
    for (int i = 0; rc == 0 && i < db_result_rows(r); i++) {
        rc = copy_project(db, &row, config, r, i, e);
        arena_reset(&row);
    }
    arena_free(&row);
    return rc ? rc : db_copy_end(db, e);
}

int candidates_write(struct db *db, const struct config *config, const int64_t *series,
                     size_t count, struct err *e)
{
    struct buf ids = BUF_INIT;
    struct db_result *projects = NULL;
    int rc = -1;

    if (count == 0)
        return 0;
    for (size_t i = 0; i < count; i++)
        db_array_add_int(&ids, series[i]);
    db_array_end(&ids);
    if (db_call(db, &query_upstream_candidates_begin, NULL, e) ||
        db_call(db, &query_upstream_candidates_projects, &projects, e, buf_str(&ids)) ||
        copy_all(db, config, projects, e) ||
        db_call(db, &query_upstream_candidates_merge, NULL, e, buf_str(&ids)))
        goto out;
    rc = 0;
out:
    db_result_free(projects);
    buf_free(&ids);
    return rc ? err_context(e, "writing candidates") : 0;
}
