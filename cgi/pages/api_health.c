// SPDX-License-Identifier: Apache-2.0
/* `/health` and `/metrics`: of this moment, so without ETag. */
#include "cgi/pages/pages.h"
#include "gen/queries.h"

static int send(struct pages *app, struct response *res, const struct db_query *query,
                const char *type, int n, const char *param, struct err *e)
{
    struct db_result *r = NULL;
    if (db_begin_snapshot(app->db, e) || db_run(app->db, query, n, &param, &r, e))
        return -1;
    response_header(res, "Cache-Control", "no-store");
    res->type = type;
    buf_add_str(&res->body, db_value_at(r, 0, 0));
    db_result_free(r);
    return db_commit(app->db, e);
}

int api_health(struct request *req, struct response *res, void *data, struct err *e)
{
    struct pages *app = data;
    (void)req;
    const char *error = app->config_error.code ? app->config_error.text : NULL;
    if (pages_connect(app, e) == 0 &&
        send(app, res, &query_api_health, "application/json", 1, error, e) == 0)
        return 0;
    response_reset(res);
    res->status = 503;
    res->type = "application/json";
    response_header(res, "Cache-Control", "no-store");
    buf_add_str(&res->body, "{\"status\": \"down\", \"reasons\": [");
    response_json_string(&res->body, e->text);
    buf_add_str(&res->body, "]}\n");
    return 0;
}

int api_metrics(struct request *req, struct response *res, void *data, struct err *e)
{
    (void)req;
    return send(data, res, &query_api_metrics, "text/plain; version=0.0.4; charset=utf-8", 0, NULL,
                e);
}
