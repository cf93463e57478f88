// SPDX-License-Identifier: Apache-2.0
/* Errors as pages of the same house, and as JSON below /api. */
#include <stdlib.h>
#include <string.h>

#include "cgi/pages/pages.h"
#include "core/base/log.h"
#include "gen/queries.h"

#define NEAR_MAX 6

static bool wants_json(const struct request *req)
{
    return strncmp(req->path, "/api/v1", 7) == 0 || strcmp(req->path, "/health") == 0;
}

/* What the address asked for, without what all project pages begin with. */
static const char *asked_name(const struct request *req)
{
    const char *path = req->path;
    if (strncmp(path, "/project/", 9) == 0)
        return path + 9;
    return *path == '/' ? path + 1 : path;
}

/* The way on: the series, as on each page, and names near to the one asked for. Without a database
 * there is neither. */
static void add_ways(struct page *p)
{
    struct err e = {.code = ERR_NONE};
    struct db_result *r = NULL;
    size_t found[NEAR_MAX];
    if (pages_connect(p->app, &e) < 0)
        return;
    db_rollback(p->app->db);
    if (page_query(p, p->body, "NAV", &query_page_nav, &e, NULL) < 0 ||
        db_call(p->app->db, &query_page_names, &r, &e))
        return;
    size_t count = (size_t)db_result_rows(r);
    const char **names = arena_alloc(p->req->arena, (count + 1) * sizeof *names);
    for (size_t i = 0; i < count; i++)
        names[i] = db_value(r, (int)i, "name");
    size_t n = near_names(asked_name(p->req), names, count, found, NEAR_MAX);
    struct template_dict *near = n ? template_section(p->content, "NEAR") : NULL;
    for (size_t i = 0; i < n; i++) {
        struct template_dict *row = template_section(near, "NEAR_ROW");
        struct buf href = BUF_INIT;
        response_encode_path(&href, db_value(r, (int)found[i], "href"), true);
        template_set(row, "NAME", names[found[i]]);
        template_set(row, "HREF", buf_str(&href));
        buf_free(&href);
    }
    db_result_free(r);
}

static void error_page(struct pages *app, struct request *req, struct response *res, int status,
                       const char *heading, const char *text)
{
    struct page p = {.app = app, .req = req, .res = res};
    struct err e = {.code = ERR_NONE};
    page_start(&p, "error");
    template_set(p.body, "POLL", status == 503 ? "10" : "");
    template_set(p.content, "HEADING", heading);
    template_set(p.content, "TEXT", text);
    if (status == 404)
        add_ways(&p);
    if (status == 503)
        template_show(p.root, "IF_REFRESH");
    res->status = status;
    response_header(res, "Cache-Control", "no-store");
    if (page_finish(&p, heading, &e))
        response_error(res, 500, "internal");
    page_drop(&p);
}

void pages_not_found(struct request *req, struct response *res, void *data)
{
    if (wants_json(req))
        response_error(res, 404, "not-found");
    else
        error_page(data, req, res, 404, "Not found", "There is no such page.");
}

void pages_bad_method(struct request *req, struct response *res, void *data)
{
    if (wants_json(req))
        response_error(res, 405, "method");
    else
        error_page(data, req, res, 405, "Not allowed", "Pages are only read: GET and HEAD.");
}

void pages_failed(struct request *req, struct response *res, void *data, const struct err *e)
{
    struct pages *app = data;
    static const struct {
        enum err_code code;
        int status;
        const char *reason, *heading;
    } answers[] = {{ERR_NOT_FOUND, 404, "not-found", "Not found"},
                   {ERR_INPUT, 400, "input", "Not understood"},
                   {ERR_DATABASE, 503, "database", "The database is away"},
                   {ERR_NONE, 500, "internal", "Something went wrong here"}};
    size_t i = 0;
    while (answers[i].code != e->code && answers[i].code != ERR_NONE)
        i++;
    if (answers[i].status >= 500 || *e->detail)
        log_event(LOG_WARN, "failed", "path", req->path, "error", e->text, "detail",
                  *e->detail ? e->detail : NULL, "request", request_id(req), NULL);
    /* the server's refusal of a query of ours is not the reader's mistake */
    bool ours = e->code == ERR_INPUT && *e->detail;
    int status = ours ? 500 : answers[i].status;
    if (status == 503)
        response_header(res, "Retry-After", "5");
    if (wants_json(req)) {
        response_header(res, "Access-Control-Allow-Origin", "*");
        response_error(res, status, ours ? "internal" : answers[i].reason);
        return;
    }
    const char *text = status == 503   ? "The database does not answer. What it holds is safe; "
                                         "this page tries again by itself."
                       : status == 500 ? "The log says more."
                                       : e->text;
    error_page(app, req, res, status, ours ? "Something went wrong here" : answers[i].heading,
               text);
}
