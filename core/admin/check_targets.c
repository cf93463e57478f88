// SPDX-License-Identifier: Apache-2.0
/* check: what the configuration names against what there is; the database's own findings. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/admin/check.h"
#include "gen/queries.h"

/* A line of ours is never fetched: without its mirror it has no rows, ever. */
static void check_own_lines(struct check *c, const struct config_target *t)
{
    const struct config *config = c->config;
    for (size_t i = 0; i < t->suite_count; i++) {
        const struct config_suite *s = &t->suites[i];
        if (config->publish_url && strcmp(s->uri, config->publish_url) == 0 &&
            !config_mirror_of_suite(config, s->suite))
            check_error(c, "Name the suite under a mirror's `suites`, or correct the line.",
                        "%s:%d: target %s: suite %s is at publish.url, and no mirror publishes it",
                        s->where.file, s->where.line, t->name, s->suite);
    }
}

static void check_names(struct check *c, const char *series, const struct config_pairs *names,
                        const char *file)
{
    for (size_t i = 0; c->db && i < names->count; i++) {
        struct db_result *r = NULL;
        struct err e = {0};
        if (db_call(c->db, &query_admin_check_name, &r, &e, series, names->items[i].key,
                    names->items[i].value)) {
            check_query_failed(c, &e);
            return;
        }
        const char *wrong = db_value(r, 0, "wrong");
        if (wrong)
            check_note(c, "Correct it, or remove the line.", "%s: names: %s: %s: %s", file,
                       names->items[i].key, names->items[i].value, wrong);
        db_result_free(r);
    }
}

void check_targets(struct check *c)
{
    const struct config *config = c->config;
    const char *slash = strrchr(config->path, '/');
    for (size_t s = 0; s < config->series_count; s++) {
        const struct config_series *series = &config->series[s];
        for (size_t t = 0; t < series->target_count; t++)
            check_own_lines(c, &series->targets[t]);
        if (series->target_count == 0)
            check_note(c, "Add `targets`.", "%s:%d: series %s is compared with nothing",
                       series->where.file, series->where.line, series->name);
        check_names(c, series->name, &series->names, series->where.file);
    }
    if (config->series_count == 0)
        check_note(c, "Write one file per series (deb-status.yaml(5)), or `deb-status import`.",
                   "releases.d has no series: there is nothing to compare");
    check_names(c, NULL, &config->names, slash ? slash + 1 : config->path);
}

static void say(struct check *c, const struct db_query *query, int n, const char *const *parameters)
{
    struct db_result *r = NULL;
    struct err e = {0};
    if (db_run(c->db, query, n, parameters, &r, &e))
        check_query_failed(c, &e);
    else
        check_say_rows(c, r);
}

/* Files that no worker has taken: what the database says is about those before. */
static void check_taken(struct check *c)
{
    struct db_result *r = NULL;
    struct err e = {0};
    if (db_call(c->db, &query_config_hash, &r, &e)) {
        check_query_failed(c, &e);
        return;
    }
    const char *hash = db_value(r, 0, "hash");
    if (strcmp(hash, c->config->hash) != 0)
        check_note(c,
                   "A running worker takes it within seconds; `deb-status-worker --once` does "
                   "as well.",
                   "%s",
                   *hash ? "the configuration was changed and is not in the database yet: some "
                           "findings may be about the one before"
                         : "the configuration is not in the database yet");
    db_result_free(r);
}

void check_contents(struct check *c)
{
    if (!c->db)
        return;
    const char *parameters[] = {arena_printf(&c->arena, "%" PRId64, c->config->archives_refresh_s),
                                DEB_STATUS_VERSION};
    check_taken(c);
    say(c, &query_admin_check_queue, 2, parameters);
    say(c, &query_admin_check_sources, 1, parameters);
    say(c, &query_admin_check_contents, 0, NULL);
}
