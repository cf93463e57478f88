// SPDX-License-Identifier: Apache-2.0
/* `/<series>/<target>/badge.svg`. */
#include <string.h>

#include "cgi/pages/pages.h"
#include "gen/queries.h"

/* Near enough to DejaVu Sans 11px for text of names and numbers. */
#define CHAR_PX 7

static int fill(struct page *p, const char *target, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_badge, &r, e, p->series, target))
        return -1;
    struct arena *a = p->req->arena;
    const char *label = arena_printf(a, "%s in %s", p->series, target);
    const char *value = arena_strdup(a, db_value(r, 0, "value"));
    const char *level = db_value(r, 0, "level");
    long split = 12 + CHAR_PX * (long)strlen(label), rest = 12 + CHAR_PX * (long)strlen(value);
    p->root = template_new();
    template_set(p->root, "LABEL", label);
    template_set(p->root, "VALUE", value);
    template_set(p->root, "FILL",
                 strcmp(level, "good") == 0   ? "#2f6f4a"
                 : strcmp(level, "fair") == 0 ? "#8a5a00"
                 : strcmp(level, "poor") == 0 ? "#a3293a"
                                              : "#5f5f5f");
    template_set_int(p->root, "SPLIT", split);
    template_set_int(p->root, "REST", rest);
    template_set_int(p->root, "WIDTH", split + rest);
    template_set_int(p->root, "VALUE_X", split + 6);
    db_result_free(r);
    p->res->type = "image/svg+xml";
    return template_expand("badge.svg", p->root, &p->res->body, e);
}

int page_badge(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    const char *target = request_value(req, "target");
    response_header(res, "Access-Control-Allow-Origin", "*");
    enum page_state state = page_open(&p, data, req, res, request_value(req, "series"), target, e);
    int rc = state == PAGE_ANSWERED ? 0 : -1;
    if (state == PAGE_GO_ON)
        rc = fill(&p, target, e);
    page_drop(&p);
    return rc;
}
