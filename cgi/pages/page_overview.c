// SPDX-License-Identifier: Apache-2.0
/* `/`: what happens now, what needs attention, all series and targets, how old the data is. */
#include <stdio.h>
#include <string.h>

#include "cgi/pages/pages.h"
#include "gen/queries.h"

#define KINDS 5

static const char *const kind_names[KINDS] = {"experimental", "unstable", "testing", "stable",
                                              "the team's"};

struct columns {
    bool used[KINDS + 1];           /* by kind, from 1 */
    const char *checked[KINDS + 1]; /* the oldest of its targets */
};

static void find_columns(const struct db_result *r, struct columns *c)
{
    for (int i = 0; i < db_result_rows(r); i++) {
        int64_t kind = db_value_int(r, i, "kind", 0);
        if (kind < 1 || kind > KINDS || db_value_bool(r, i, "ended"))
            continue;
        const char *checked = db_value(r, i, "checked");
        c->used[kind] = true;
        if (checked && (!c->checked[kind] || strcmp(checked, c->checked[kind]) < 0))
            c->checked[kind] = checked;
    }
}

static void add_header(struct template_dict *live, const struct columns *c)
{
    for (int k = 1; k <= KINDS; k++) {
        if (!c->used[k])
            continue;
        struct template_dict *d = template_section(live, "COLUMN");
        template_set(d, "NAME", kind_names[k - 1]);
        page_set(d, "CHECKED", c->checked[k]);
    }
}

/* A target's counts and its line, or which other series it carries: then the counts are no news. */
static void add_target(struct template_dict *cell, const struct db_result *r, int row,
                       const struct db_result *lines)
{
    struct template_dict *d = template_section(cell, "TARGET");
    page_row(d, r, row);
    bool own = db_value(r, row, "checked") && !db_value_bool(r, row, "else");
    if (own)
        template_show(d, "IF_OWN");
    if (!db_value(r, row, "checked"))
        template_show(d, "IF_NEVER");
    else if (db_value(r, row, "error"))
        template_show(d, "IF_OLD");
    for (int i = 0; own && lines && i < db_result_rows(lines); i++)
        if (db_value_int(lines, i, "target", 0) == db_value_int(r, row, "target_id", -1))
            page_row(d, lines, i);
}

/* The rows first..last-1 of one series: one cell per column, each with its targets. */
static void add_cells(struct template_dict *series, const struct db_result *r, int first, int last,
                      const struct columns *c, const struct db_result *lines)
{
    for (int k = 1; k <= KINDS; k++) {
        if (!c->used[k])
            continue;
        struct template_dict *cell = template_section(series, "CELL");
        template_set(cell, "COLUMN_NAME", kind_names[k - 1]);
        for (int i = first; i < last; i++)
            if (db_value_int(r, i, "kind", 0) == k)
                add_target(cell, r, i, lines);
    }
}

static int same_series(const struct db_result *r, int first)
{
    int i = first + 1;
    while (i < db_result_rows(r) && strcmp(db_value(r, i, "name"), db_value(r, first, "name")) == 0)
        i++;
    return i;
}

/* Only the series' own columns: a section's values are seen by the sections in it. */
static struct template_dict *add_series(struct template_dict *d, const struct db_result *r, int row)
{
    static const char *const names[] = {"name", "release", "status", "projects", "released"};
    static const char *const keys[] = {"NAME", "RELEASE", "STATUS", "PROJECTS", "RELEASED"};
    struct template_dict *s = template_section(d, "SERIES");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        template_set(s, keys[i], db_value(r, row, names[i]));
    if (db_value(r, row, "release"))
        template_show(s, "IF_RELEASE");
    if (db_value(r, row, "status"))
        template_show(s, "IF_STATUS");
    return s;
}

static void add_ended(struct page *p, const struct db_result *r, int first)
{
    long count = 0;
    struct template_dict *ended = template_section(p->content, "ENDED");
    for (int i = first; i < db_result_rows(r); i = same_series(r, i), count++) {
        struct template_dict *s = add_series(ended, r, i);
        for (int t = i; t < same_series(r, i); t++)
            if (db_value(r, t, "target_name"))
                add_target(s, r, t, NULL);
    }
    template_set_int(ended, "COUNT", count);
}

static int add_table(struct page *p, struct err *e)
{
    struct db_result *r = NULL, *lines = NULL;
    struct columns c = {{false}, {NULL}};
    if (db_call(p->app->db, &query_page_overview_targets, &r, e))
        return -1;
    if (db_call(p->app->db, &query_page_lines_of_work, &lines, e)) {
        db_result_free(r);
        return -1;
    }
    find_columns(r, &c);
    int i = 0, rows = db_result_rows(r);
    if (rows && !db_value_bool(r, 0, "ended")) {
        struct template_dict *live = template_section(p->content, "LIVE");
        page_set(live, "UPSTREAM_CHECKED", db_value(r, 0, "upstream_checked"));
        add_header(live, &c);
        for (; i < rows && !db_value_bool(r, i, "ended"); i = same_series(r, i))
            add_cells(add_series(live, r, i), r, i, same_series(r, i), &c, lines);
    }
    if (i < rows)
        add_ended(p, r, i);
    if (!rows)
        template_show(p->content, "IF_NO_SERIES");
    db_result_free(lines);
    db_result_free(r);
    return 0;
}

static int add_freshness(struct page *p, struct err *e)
{
    struct template_dict *d = template_include(p->content, "FRESHNESS", "freshness.html");
    struct db_result *r = NULL;
    if (page_query(p, d, "SOURCE_ROW", &query_page_freshness, e) < 0 ||
        db_call(p->app->db, &query_page_set_aside, &r, e, NULL))
        return -1;
    if (db_result_rows(r))
        page_rows(template_section(d, "SET_ASIDE"), "FILE_ROW", r);
    db_result_free(r);
    return 0;
}

int page_overview(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    int rc = -1, builds, calm;
    enum page_state state = page_begin(&p, data, req, res, "overview", NULL, NULL, e);
    if (state != PAGE_GO_ON) {
        rc = state == PAGE_ANSWERED ? 0 : -1;
        goto out;
    }
    if (page_jobs(&p, p.content, e) < 0 || add_table(&p, e) || add_freshness(&p, e))
        goto out;
    builds = page_query(&p, p.content, "BUILD_ROW", &query_page_builds, e);
    calm = builds < 0 ? -1 : page_query(&p, p.content, "ATTENTION", &query_page_attention, e);
    if (calm < 0)
        goto out;
    if (builds)
        template_show(p.content, "IF_BUILDS");
    if (!calm)
        template_show(p.content, "IF_CALM");
    rc = page_end(&p, "Overview", e);
out:
    page_drop(&p);
    return rc;
}
