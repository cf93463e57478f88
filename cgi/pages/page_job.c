// SPDX-License-Identifier: Apache-2.0
/* `/jobs/<id>`: one job, what led to it, what came of it, the end of its log. */
#include <stdlib.h>
#include <string.h>

#include "cgi/pages/pages.h"
#include "gen/queries.h"

const char *page_job_id(const struct request *req, struct err *e)
{
    const char *id = request_value(req, "id");
    size_t digits = strspn(id, "0123456789");
    if (digits && digits <= 18 && !id[digits])
        return id;
    err_set(e, ERR_NOT_FOUND, "there is no job %.40s", id);
    return NULL;
}

static int add_published(struct page *p, const char *id, struct err *e)
{
    struct db_result *r = NULL;
    struct template_dict *d = NULL;
    if (db_call(p->app->db, &query_page_published, &r, e, id))
        return -1;
    for (int i = 0; i < db_result_rows(r); i++) {
        if (i == 0 || strcmp(db_value(r, i, "id"), db_value(r, i - 1, "id")) != 0) {
            d = template_section(p->content, "GENERATION_ROW");
            page_set(d, "SUITE", db_value(r, i, "suite"));
            page_set(d, "GENERATION", db_value(r, i, "generation"));
            page_set(d, "BYTES", db_value(r, i, "bytes"));
            page_set(d, "SECONDS", db_value(r, i, "seconds"));
        }
        if (db_value(r, i, "source"))
            page_row(template_section(d, "SOURCE_ROW"), r, i);
    }
    if (db_result_rows(r))
        template_show(p->content, "IF_PUBLISHED");
    db_result_free(r);
    return 0;
}

static int add_parts(struct page *p, const char *id, struct err *e)
{
    int n = page_query(p, p->content, "JOB", &query_page_job, e, id);
    if (n < 0)
        return -1;
    if (n == 0)
        return err_set(e, ERR_NOT_FOUND, "there is no job %s", id);
    if ((n = page_query(p, p->content, "DELIVERY_ROW", &query_page_deliveries, e, id)) > 0)
        template_show(p->content, "IF_DELIVERIES");
    if (n < 0 || add_published(p, id, e))
        return -1;
    if ((n = page_query(p, p->content, "EVENT_ROW", &query_page_events, e, NULL, NULL, id, NULL,
                        "200")) > 0)
        template_show(p->content, "IF_CHANGES");
    if (n < 0)
        return -1;
    if ((n = page_query(p, p->content, "LINE_ROW", &query_page_lines, e, id)) > 0)
        template_show(p->content, "IF_LINES");
    return n < 0 ? -1 : 0;
}

int page_job(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    int rc = -1;
    const char *id = page_job_id(req, e);
    if (!id)
        return -1;
    enum page_state state = page_begin_with(&p, data, req, res, "job", &query_page_job_tag, id, e);
    if (state == PAGE_ANSWERED)
        rc = 0;
    else if (state == PAGE_GO_ON && add_parts(&p, id, e) == 0)
        rc = page_end(&p, arena_printf(req->arena, "Job %s", id), e);
    page_drop(&p);
    return rc;
}
