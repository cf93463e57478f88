// SPDX-License-Identifier: Apache-2.0
/* The small resources below /api/v1: series, projects, jobs, revision, schema.json. PostgreSQL
 * writes the JSON. */
#include <stdlib.h>
#include <string.h>

#include "cgi/pages/pages.h"
#include "core/base/file.h"
#include "gen/queries.h"

#define JSON "application/json"

static void open_to_all(struct response *res)
{
    response_header(res, "Access-Control-Allow-Origin", "*");
}

/* One query's text, with the ETag that `state` prepared. */
static int finish(struct page *p, enum page_state state, const struct db_query *query,
                  const char *type, const char *a, const char *b, int n, struct err *e)
{
    struct db_result *r = NULL;
    int rc = state == PAGE_ANSWERED ? 0 : -1;
    if (state == PAGE_GO_ON &&
        db_run(p->app->db, query, n, (const char *const[]){a, b}, &r, e) == 0)
        rc = page_send_text(p, r, type, e);
    db_result_free(r);
    page_drop(p);
    return rc;
}

int api_series(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    open_to_all(res);
    enum page_state state = page_open(&p, data, req, res, NULL, NULL, e);
    return finish(&p, state, &query_api_series, JSON, NULL, NULL, 0, e);
}

int api_revision(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    open_to_all(res);
    enum page_state state = page_open(&p, data, req, res, NULL, NULL, e);
    return finish(&p, state, &query_api_revision, JSON, NULL, NULL, 0, e);
}

int api_project(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    char at[32] = "";
    open_to_all(res);
    enum page_state state = page_open(&p, data, req, res, NULL, NULL, e);
    if (state == PAGE_GO_ON && page_at(&p, at, e))
        state = PAGE_FAILED;
    return finish(&p, state, &query_api_project, JSON, request_value(req, "repo"), *at ? at : NULL,
                  2, e);
}

int api_job(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    const char *id = page_job_id(req, e);
    open_to_all(res);
    if (!id)
        return -1;
    enum page_state state = page_open_with(&p, data, req, res, &query_page_job_tag, id, e);
    bool txt = strcmp(page_param(&p, "format"), "txt") == 0;
    return finish(&p, state, &query_api_job, txt ? "text/plain; charset=utf-8" : JSON, id,
                  txt ? "txt" : "json", 2, e);
}

int api_schema(struct request *req, struct response *res, void *data, struct err *e)
{
    struct pages *app = data;
    open_to_all(res);
    if (response_etag(res, req, app->build))
        return 0;
    res->type = "application/schema+json";
    char *path = file_join(app->share, "static/schema.json");
    int rc = file_read(path, 1 << 20, &res->body, e);
    free(path);
    return rc;
}
