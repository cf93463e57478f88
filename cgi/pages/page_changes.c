// SPDX-License-Identifier: Apache-2.0
/* `/<series>/changes`: a series against the one before it, and what happened in it by day. */
#include <string.h>

#include "cgi/pages/pages.h"
#include "gen/queries.h"

#define PER_PAGE     200
#define PER_PAGE_SQL "200"
#define OPEN_ROWS    12 /* longer parts are folded */

static const char *const parts[][3] = {
    {"new", "New", "In no file of the series before."},
    {"moved", "Moved", "From or to what follows no cycle."},
    {"renamed", "Renamed", "Another repository with the same name, tarball or deliverable."},
    {"gone", "Gone", "The series before has them, this one does not."},
    {"removal", "Candidates for removal",
     "Source packages of the team, in this series' suites, that only older series name."},
};

static void add_part(struct page *p, const struct db_result *r, int first, int last)
{
    const char *const *part = parts[db_value_int(r, first, "part", 1) - 1];
    struct template_dict *d = template_section(p->content, "PART");
    template_set(d, "PART_ID", part[0]);
    template_set(d, "PART_NAME", part[1]);
    template_set(d, "PART_TEXT", part[2]);
    template_set_int(d, "PART_COUNT", last - first);
    if (last - first <= OPEN_ROWS)
        template_show(d, "IF_PART_OPEN");
    for (int i = first; i < last; i++) {
        struct template_dict *row = template_section(d, "CHANGE_ROW");
        page_row(row, r, i);
        if (!db_value(r, i, "project"))
            template_show(row, "IF_SOURCE_ONLY");
    }
}

static int add_parts(struct page *p, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_series_changes, &r, e, p->series))
        return -1;
    int rows = db_result_rows(r);
    const char *before = rows ? db_value(r, 0, "before") : NULL;
    if (before)
        page_set(p->content, "BEFORE_SERIES", before);
    else
        template_show(p->content, "IF_NO_BEFORE");
    for (int first = 0, i = 1; i <= rows; i++) {
        if (i < rows && db_value_int(r, i, "part", 0) == db_value_int(r, first, "part", 0))
            continue;
        add_part(p, r, first, i);
        first = i;
    }
    db_result_free(r);
    return 0;
}

static void add_days(struct page *p, const struct db_result *r)
{
    struct template_dict *day = NULL;
    int rows = db_result_rows(r);
    for (int i = 0; i < rows; i++) {
        if (i == 0 || strcmp(db_value(r, i, "date"), db_value(r, i - 1, "date")) != 0) {
            day = template_section(p->content, "DAY");
            template_set(day, "DATE", db_value(r, i, "date"));
        }
        page_row(template_section(day, "EVENT_ROW"), r, i);
    }
    if (!rows)
        template_show(p->content, "IF_NO_EVENTS");
    if (rows == PER_PAGE)
        page_set(p->content, "MORE", db_value(r, rows - 1, "id"));
}

static int add_events(struct page *p, struct err *e)
{
    struct db_result *r = NULL;
    const char *before = page_param(p, "before");
    if (strspn(before, "0123456789") != strlen(before) || strlen(before) > 18)
        return err_set(e, ERR_INPUT, "before is not a number");
    if (db_call(p->app->db, &query_page_events, &r, e, p->series, NULL, NULL,
                *before ? before : NULL, PER_PAGE_SQL))
        return -1;
    add_days(p, r);
    db_result_free(r);
    return 0;
}

int page_changes(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    int rc = -1;
    enum page_state state =
        page_begin(&p, data, req, res, "changes", request_value(req, "series"), NULL, e);
    if (state == PAGE_ANSWERED)
        rc = 0;
    if (state == PAGE_GO_ON && add_parts(&p, e) == 0 && add_events(&p, e) == 0) {
        template_set(p.content, "SERIES", p.series);
        rc = page_end(&p, arena_printf(req->arena, "%s: changes", p.series), e);
    }
    page_drop(&p);
    return rc;
}
