// SPDX-License-Identifier: Apache-2.0
/* `/api/v1/status/<series>/<target>`: the rows as JSON, CSV, text or bare names. */
#include <string.h>

#include "cgi/pages/pages.h"
#include "gen/queries.h"

static const char *const formats[][2] = {{"json", "application/json"},
                                         {"csv", "text/csv; charset=utf-8"},
                                         {"txt", "text/plain; charset=utf-8"},
                                         {"list", "text/plain; charset=utf-8"}};

static int send(struct page *p, const char *target, struct err *e)
{
    struct db_result *r = NULL;
    char at[32];
    size_t f = 0;
    const char *format = *page_param(p, "format") ? page_param(p, "format") : "json";
    while (f < 4 && strcmp(formats[f][0], format) != 0)
        f++;
    if (f == 4)
        return err_set(e, ERR_INPUT, "format is json, csv, txt or list");
    if (page_at(p, at, e))
        return -1;
#define PARAM(name) (*page_param(p, name) ? page_param(p, name) : NULL)
    if (db_call(p->app->db, &query_api_status, &r, e, format, p->series, target, *at ? at : NULL,
                PARAM("state"), PARAM("behind"), PARAM("carries"), PARAM("team"), PARAM("type"),
                PARAM("masked"), PARAM("q"), PARAM("sort")))
        return -1;
#undef PARAM
    int rc = page_send_text(p, r, formats[f][1], e);
    db_result_free(r);
    return rc;
}

int api_status(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    const char *target = request_value(req, "target");
    response_header(res, "Access-Control-Allow-Origin", "*");
    enum page_state state = page_open(&p, data, req, res, request_value(req, "series"), target, e);
    int rc = state == PAGE_GO_ON ? send(&p, target, e) : state == PAGE_ANSWERED ? 0 : -1;
    page_drop(&p);
    return rc;
}
