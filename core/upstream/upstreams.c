// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/upstreams.h"

#include <stdio.h>
#include <string.h>

#include "core/db/array.h"
#include "gen/queries.h"

const char *upstreams_public_location(struct arena *a, const char *location)
{
    const char *scheme = strstr(location, "://");
    if (!scheme)
        return arena_strdup(a, location);
    const char *host = scheme + 3, *end = host + strcspn(host, "/?#");
    const char *at = host;
    for (const char *p = host; p < end; p++)
        if (*p == '@')
            at = p + 1;
    size_t len = strcspn(at, "?#");
    return arena_printf(a, "%.*s%.*s", (int)(host - location), location, (int)len, at);
}

void upstreams_add_public_words(struct buf *out, const char *words)
{
    while (*words) {
        if (strncmp(words, "//", 2) != 0) {
            buf_add_char(out, *words++);
            continue;
        }
        const char *host = words + 2, *end = host + strcspn(host, "/ '\"\n");
        for (const char *at = host; at < end; at++)
            if (*at == '@')
                host = at + 1;
        buf_add_str(out, "//");
        words = host;
    }
}

/* All that decides what is read from there: if it changes, it is read as if for the first time.
 */
static const char *describe_tags(struct arena *a, const struct config_upstream *c)
{
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < c->repository_count; i++) {
        const struct config_repository *r = &c->repositories[i];
        const char *parts[] = {r->tags ? r->tags : c->tags, r->project, r->artifact, r->team,
                               r->type};
        buf_addf(&out, "%s%s", i ? ", " : "", upstreams_public_location(a, r->location));
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            buf_addf(&out, " %s", parts[k] ? parts[k] : "-");
    }
    const char *text = arena_strdup(a, buf_str(&out));
    buf_free(&out);
    return text;
}

static const char *location_of(struct arena *a, const struct config_upstream *c)
{
    if (c->repository_count > 0)
        return describe_tags(a, c);
    return c->path ? c->path : upstreams_public_location(a, c->repository);
}

static bool is_releases(const struct config_upstream *c)
{
    return strcmp(c->kind, UPSTREAM_RELEASES) == 0;
}

/* A releases repository is one for all files that name it; a list of tags or a file is one file's
 * own, as its options are. */
static const char *name_of(struct arena *a, const struct config_upstream *c,
                           const struct config_series *series)
{
    if (!is_releases(c))
        return arena_printf(a, "%s %s", c->kind, series->name);
    const char *location = location_of(a, c);
    if (strcmp(c->branch, "master") == 0)
        return arena_printf(a, "%s %s", c->kind, location);
    return arena_printf(a, "%s %s (%s)", c->kind, location, c->branch);
}

static const struct upstream *find(const struct upstream *all, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static const struct config_upstream *upstream_of(const struct config *config,
                                                 const struct config_series *series)
{
    return series->upstream ? series->upstream : &config->upstream;
}

static void add(struct upstream *all, size_t *count, struct arena *a,
                const struct config_upstream *c, const struct config_series *series, bool is_main)
{
    const char *name = name_of(a, c, series);
    if (find(all, *count, name))
        return;
    all[(*count)++] = (struct upstream){.name = name,
                                        .location = location_of(a, c),
                                        .config = c,
                                        .series = is_releases(c) ? NULL : series,
                                        .is_main = is_main};
}

size_t upstreams_of(const struct config *config, struct arena *a, struct upstream **out)
{
    size_t count = 0;
    bool main_in_use = config->series_count == 0; /* a new installation: something to look at */
    for (size_t i = 0; i < config->series_count; i++)
        main_in_use = main_in_use || !config->series[i].upstream;
    *out = arena_alloc(a, (config->series_count + 1) * sizeof **out);
    if (main_in_use)
        add(*out, &count, a, &config->upstream, NULL, true);
    for (size_t i = 0; i < config->series_count; i++)
        if (config->series[i].upstream)
            add(*out, &count, a, config->series[i].upstream, &config->series[i], false);
    return count;
}

/* ---- rows ---- */

const char *upstreams_series_kind(const char *upstream_kind, const char *series)
{
    if (strcmp(upstream_kind, UPSTREAM_RELEASES) != 0)
        return "list";
    return strcmp(series, "_independent") == 0 ? "independent" : "cycle";
}

static int write_series(struct db *db, struct arena *a, const struct config *config,
                        const struct upstream *upstreams, size_t count, struct err *e)
{
    struct buf names = BUF_INIT, kinds = BUF_INIT, from = BUF_INIT;
    const char *main_name = count > 0 && upstreams[0].is_main ? upstreams[0].name : NULL;
    for (size_t i = 0; i < config->series_count; i++) {
        const struct config_series *s = &config->series[i];
        const struct config_upstream *c = upstream_of(config, s);
        db_array_add_text(&names, s->name);
        db_array_add_text(&kinds, s->is_list ? "list" : upstreams_series_kind(c->kind, s->name));
        db_array_add_text(&from, name_of(a, c, s));
    }
    int rc = db_call(db, &query_upstream_series, NULL, e, db_array_end(&names),
                     db_array_end(&kinds), db_array_end(&from), main_name);
    buf_free(&names);
    buf_free(&kinds);
    buf_free(&from);
    return rc;
}

static int write_upstream(struct db *db, struct arena *a, struct upstream *u, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(db, &query_upstream_row, &r, e, u->name, u->config->kind, u->location,
                is_releases(u->config) ? u->config->branch : ""))
        return -1;
    u->id = db_value_int(r, 0, "id", 0);
    u->id_text = arena_strdup(a, db_value(r, 0, "id"));
    db_result_free(r);
    return 0;
}

int upstreams_write(struct db *db, const struct config *config, struct arena *a,
                    struct upstream *upstreams, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++)
        if (write_upstream(db, a, &upstreams[i], e))
            return err_context(e, "writing the upstreams");
    if (write_series(db, a, config, upstreams, count, e))
        return err_context(e, "writing the upstreams");
    return 0;
}
