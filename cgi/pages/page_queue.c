// SPDX-License-Identifier: Apache-2.0
/* `/queue`: what runs, waits, failed and ended, with workers and mirrors. */
#include "cgi/pages/pages.h"
#include "gen/queries.h"

static int add_jobs(struct page *p, struct err *e)
{
    static const char *const parts[][2] = {
        {"running", "Running"}, {"waiting", "Waiting"}, {"failed", "Failed"}, {"ended", "Ended"}};
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_queue, &r, e))
        return -1;
    for (int part = 0, i = 0; part < 4; part++) {
        struct template_dict *d = template_section(p->content, "JOB_TABLE");
        int first = i;
        template_set(d, "ID", parts[part][0]);
        template_set(d, "HEADING", parts[part][1]);
        for (; i < db_result_rows(r) && db_value_int(r, i, "part", 0) == part + 1; i++)
            page_row(template_section(d, "JOB_ROW"), r, i);
        template_show(d, i == first ? "IF_EMPTY" : "IF_ROWS");
    }
    db_result_free(r);
    return 0;
}

int page_queue(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    int rc = -1, workers, mirrors;
    enum page_state state = page_begin(&p, data, req, res, "queue", NULL, NULL, e);
    if (state != PAGE_GO_ON) {
        rc = state == PAGE_ANSWERED ? 0 : -1;
        goto out;
    }
    workers =
        add_jobs(&p, e) ? -1 : page_query(&p, p.content, "WORKER_ROW", &query_page_workers, e);
    mirrors = workers < 0 ? -1 : page_query(&p, p.content, "MIRROR_ROW", &query_page_mirrors, e);
    if (mirrors < 0)
        goto out;
    if (!workers)
        template_show(p.content, "IF_NO_WORKERS");
    template_show(p.content, mirrors ? "IF_MIRRORS" : "IF_NO_MIRRORS");
    rc = page_end(&p, "Queue", e);
out:
    page_drop(&p);
    return rc;
}
