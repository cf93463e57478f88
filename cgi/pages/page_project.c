// SPDX-License-Identifier: Apache-2.0
/* `/project/<repo>`: one project over all series and targets, its history and releases. */
#include "cgi/pages/pages.h"
#include "gen/queries.h"

static int add_parts(struct page *p, const char *repo, struct err *e)
{
    struct db_result *r = NULL;
    int n;
    if (db_call(p->app->db, &query_page_project, &r, e, repo))
        return -1;
    if (db_result_rows(r) == 0) {
        db_result_free(r);
        return err_set(e, ERR_NOT_FOUND, "there is no project %s", repo);
    }
    page_row(p->content, r, 0);
    db_result_free(r);
    if (page_query(p, p->content, "ROW", &query_page_project_rows, e, repo) < 0)
        return -1;
    n = page_query(p, p->content, "EVENT_ROW", &query_page_events, e, NULL, repo, NULL, NULL,
                   "100");
    if (n == 0)
        template_show(p->content, "IF_NO_EVENTS");
    if (n < 0)
        return -1;
    return page_query(p, p->content, "RELEASE_ROW", &query_page_releases, e, repo) < 0 ? -1 : 0;
}

int page_project(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    int rc = -1;
    const char *repo = request_value(req, "repo");
    enum page_state state = page_begin(&p, data, req, res, "project", NULL, NULL, e);
    if (state == PAGE_ANSWERED)
        rc = 0;
    else if (state == PAGE_GO_ON && add_parts(&p, repo, e) == 0)
        rc = page_end(&p, repo, e);
    page_drop(&p);
    return rc;
}
