// SPDX-License-Identifier: Apache-2.0
/* Atom feeds (RFC 4287) of everything, a series, or a project: ids never change. */
#include <string.h>

#include "cgi/pages/pages.h"
#include "gen/queries.h"

struct feed {
    const char *url;  /* of the site */
    const char *path; /* of the page that the feed belongs to: "", "/epoxy", "/project/a/b" */
    const char *series, *repo;
};

static const char *encoded(struct page *p, const char *path)
{
    struct buf b = BUF_INIT;
    response_encode_path(&b, path, true);
    const char *s = arena_strdup(p->req->arena, buf_str(&b));
    buf_free(&b);
    return s;
}

static void add_entries(struct page *p, const struct feed *f, const struct db_result *r)
{
    struct arena *a = p->req->arena;
    for (int i = 0; i < db_result_rows(r); i++) {
        struct template_dict *d = template_section(p->root, "ENTRY");
        const char *job = db_value(r, i, "job"), *series = db_value(r, i, "series");
        page_row(d, r, i);
        /* a project's entry holds less than the one of the same job in the other feeds */
        template_set(d, "ENTRY_ID",
                     arena_printf(a, "%s%s/feed.atom#%s", f->url, f->repo ? f->path : "",
                                  db_value(r, i, "key")));
        const char *link = job      ? arena_printf(a, "%s/jobs/%s", f->url, job)
                           : series ? arena_printf(a, "%s/%s", f->url, encoded(p, series))
                                    : arena_printf(a, "%s/", f->url);
        template_set(d, "LINK", link);
    }
}

static int find_project(struct page *p, const char *repo, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_project, &r, e, repo))
        return -1;
    bool there = db_result_rows(r) > 0;
    db_result_free(r);
    return there ? 0 : err_set(e, ERR_NOT_FOUND, "there is no project %s", repo);
}

static int fill(struct page *p, const struct feed *f, struct err *e)
{
    struct db_result *r = NULL;
    struct arena *a = p->req->arena;
    if (f->repo && find_project(p, f->repo, e))
        return -1;
    if (db_call(p->app->db, &query_page_feed, &r, e, f->series, f->repo))
        return -1;
    const char *site = p->app->config->site_title ? p->app->config->site_title : "deb-status";
    const char *of = f->series ? f->series : f->repo;
    p->root = template_new();
    template_set(p->root, "SITE", site);
    template_set(p->root, "FEED_TITLE", of ? arena_printf(a, "%s: %s", site, of) : site);
    template_set(p->root, "SELF", arena_printf(a, "%s%s/feed.atom", f->url, f->path));
    template_set(p->root, "PAGE_URL", arena_printf(a, "%s%s", f->url, *f->path ? f->path : "/"));
    template_set(p->root, "UPDATED",
                 db_result_rows(r) ? db_value(r, 0, "updated") : "1970-01-01T00:00:00Z");
    add_entries(p, f, r);
    db_result_free(r);
    p->res->type = "application/atom+xml; charset=utf-8";
    return template_expand("feed.atom", p->root, &p->res->body, e);
}

int page_feed(struct request *req, struct response *res, void *data, struct err *e)
{
    struct page p;
    struct pages *app = data;
    struct feed f = {.url = app->config->site_url ? app->config->site_url : "", .path = ""};
    int rc = -1;
    f.repo = request_value(req, "repo");
    response_header(res, "Access-Control-Allow-Origin", "*");
    enum page_state state = page_open(&p, app, req, res, request_value(req, "series"), NULL, e);
    if (state == PAGE_ANSWERED)
        rc = 0;
    if (state == PAGE_GO_ON) {
        f.series = p.series;
        if (f.series || f.repo)
            f.path = encoded(&p, arena_printf(req->arena, f.repo ? "/project/%s" : "/%s",
                                              f.repo ? f.repo : f.series));
        rc = fill(&p, &f, e);
    }
    page_drop(&p);
    return rc;
}
