// SPDX-License-Identifier: Apache-2.0
/* `/<series>/changes`: what happened in a series, by day, newest first. */
#include <string.h>

#include "cgi/pages/pages.h"
#include "gen/queries.h"

#define PER_PAGE 200

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
    if (rows == PER_PAGE) {
        template_set(p->content, "MORE", db_value(r, rows - 1, "id"));
        template_show(p->content, "IF_MORE");
    }
}

int page_changes(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    struct db_result *r = NULL;
    int rc = -1;
    enum page_state state =
        page_begin(&p, data, req, res, "changes", request_value(req, "series"), NULL, e);
    if (state != PAGE_GO_ON) {
        rc = state == PAGE_ANSWERED ? 0 : -1;
        goto out;
    }
    const char *before = page_param(&p, "before");
    if (strspn(before, "0123456789") != strlen(before) || strlen(before) > 18) {
        err_set(e, ERR_INPUT, "before is not a number");
        goto out;
    }
    if (db_call(p.app->db, &query_page_events, &r, e, p.series, NULL, NULL, *before ? before : NULL,
                "200"))
        goto out;
    add_days(&p, r);
    template_set(p.content, "SERIES", p.series);
    rc = page_end(&p, arena_printf(req->arena, "%s: changes", p.series), e);
out:
    db_result_free(r);
    page_drop(&p);
    return rc;
}
