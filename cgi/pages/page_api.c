// SPDX-License-Identifier: Apache-2.0
/* `/api/`: what programs may ask, with examples to copy. */
#include "cgi/pages/pages.h"
#include "gen/queries.h"

static int add_examples(struct page *p, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_first_target, &r, e))
        return -1;
    bool any = db_result_rows(r) > 0;
    const char *url = p->app->config->site_url;
    template_set(p->content, "URL", url ? url : p->app->base);
    template_set(p->content, "SERIES", any ? db_value(r, 0, "series") : "SERIES");
    template_set(p->content, "TARGET", any ? db_value(r, 0, "target") : "TARGET");
    if (any)
        template_show(p->content, "BADGE");
    db_result_free(r);
    return 0;
}

int page_api(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    int rc = -1;
    enum page_state state = page_begin(&p, data, req, res, "api", NULL, NULL, e);
    if (state == PAGE_ANSWERED)
        rc = 0;
    else if (state == PAGE_GO_ON && add_examples(&p, e) == 0)
        rc = page_end(&p, "API", e);
    page_drop(&p);
    return rc;
}
