// SPDX-License-Identifier: Apache-2.0
/* states.svg and behind.svg of a series and target, drawn by templates from rows that SQL scaled.
 */
#include <string.h>

#include "cgi/pages/pages.h"
#include "gen/queries.h"

static const char *last_counts(struct page *p, const struct db_result *r, bool states)
{
    struct arena *a = p->req->arena;
    int last = db_result_rows(r) - 1;
    if (last < 0)
        return "No data yet";
    if (states)
        return arena_printf(a, "On %s: %s ok, %s outdated, %s missing, %s ahead",
                            db_value(r, last, "day"), db_value(r, last, "ok"),
                            db_value(r, last, "outdated"), db_value(r, last, "missing"),
                            db_value(r, last, "ahead"));
    const char *s = "Projects by days behind:";
    for (int i = 0; i <= last; i++)
        s = arena_printf(a, "%s %s: %s%s", s, db_value(r, i, "label_text"), db_value(r, i, "n"),
                         i < last ? "," : "");
    return s;
}

/* The series' own dates, drawn over its states. */
static int add_marks(struct page *p, const char *first, const char *last, struct err *e)
{
    template_set(p->root, "FIRST", first);
    template_set(p->root, "LAST", last);
    return page_query(p, p->root, "MARK", &query_page_marks, e, p->series, first, last) < 0 ? -1
                                                                                            : 0;
}

static int fill(struct page *p, const char *target, bool states, struct err *e)
{
    struct db_result *r = NULL;
    const struct db_query *query = states ? &query_page_states : &query_page_behind;
    if (db_call(p->app->db, query, &r, e, p->series, target))
        return -1;
    int rows = db_result_rows(r);
    p->root = template_new();
    template_set(p->root, "LABEL",
                 target ? arena_printf(p->req->arena, "%s in %s", p->series, target) : p->series);
    template_set(p->root, "SUMMARY", last_counts(p, r, states));
    page_rows(p->root, "POINT", r);
    int rc =
        states && rows ? add_marks(p, db_value(r, 0, "day"), db_value(r, rows - 1, "day"), e) : 0;
    db_result_free(r);
    if (rc)
        return -1;
    p->res->type = "image/svg+xml";
    return template_expand(states ? "states.svg" : "behind.svg", p->root, &p->res->body, e);
}

int page_picture(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    const char *target = request_value(req, "target");
    bool states = strcmp(req->route->more, "states") == 0;
    enum page_state state = page_open(&p, data, req, res, request_value(req, "series"), target, e);
    int rc = state == PAGE_ANSWERED ? 0 : -1;
    if (state == PAGE_GO_ON)
        rc = fill(&p, target, states, e);
    page_drop(&p);
    return rc;
}
