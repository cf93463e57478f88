// SPDX-License-Identifier: Apache-2.0
/*
 * What the pages share: the program's state, one page while it is made, and the handlers that the
 * table in main.c names. A handler asks page_begin, fills p.content from named queries, and ends
 * with page_end; it writes no markup and changes nothing in the database.
 */
#ifndef CGI_PAGES_PAGES_H
#define CGI_PAGES_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "cgi/http/request.h"
#include "cgi/http/response.h"
#include "cgi/http/routes.h"
#include "cgi/pages/cache.h"
#include "cgi/pages/template.h"
#include "core/base/clock.h"
#include "core/config/config.h"
#include "core/db/connector.h"

struct pages {
    struct config *config;   /* parts CONFIG_PAGES */
    struct err config_error; /* why a changed configuration was not taken; ERR_NONE: fine */
    struct db_connector *database;
    struct db *db;      /* its connection in this request; NULL while it is away */
    int64_t begun_ms;   /* the request in hand */
    char build[64];     /* version and a hash of templates and static files */
    char base[256];     /* path of site.url, without a slash at its end: "/deb-status" */
    const char *share;  /* folder of templates/ and static/ */
    int64_t stat_ms;    /* when the configuration's files were looked at last */
    struct cache cache; /* HTML pages that were made */
};

/* app->db for this request. ERR_DATABASE within 1.5 s, and at once while a database that was found
 * hanging still does. */
int pages_connect(struct pages *app, struct err *e);

/* One page while it is made. */
struct page {
    struct pages *app;
    struct request *req;
    struct response *res;
    struct template_dict *root, *body, *content; /* layout, header and main, the page's own */
    struct db_result *head;                      /* the row of page_revision */
    char etag[128];
    const char *cache_key; /* NULL: not to be kept */
    const char *series;    /* as the database writes it; NULL: of no series */
    bool only_jobs;        /* the reader has all but the jobs: that part alone is asked for */
};

enum page_state { PAGE_FAILED = -1, PAGE_GO_ON = 0, PAGE_ANSWERED = 1 };

/* Opens the snapshot and reads what the page's ETag is made of: that series and target alone, or
 * everything if they are NULL. PAGE_ANSWERED: a 304, or a 301 from a release id, is in res.
 * ERR_NOT_FOUND if the series or target does not exist. `page_drop` frees it in every case. */
enum page_state page_open(struct page *p, struct pages *app, struct request *req,
                          struct response *res, const char *series, const char *target,
                          struct err *e);
/* page_open for an HTML page whose content is that template; `name` is its kind (series).
 * PAGE_ANSWERED as well if the page had been made before. */
enum page_state page_begin(struct page *p, struct pages *app, struct request *req,
                           struct response *res, const char *name, const char *series,
                           const char *target, struct err *e);
/* The same with a query of one's own in the place of page_revision (its columns: instance, tag,
 * revision, series, target, busy), called with one parameter. */
enum page_state page_open_with(struct page *p, struct pages *app, struct request *req,
                               struct response *res, const struct db_query *query,
                               const char *param, struct err *e);
enum page_state page_begin_with(struct page *p, struct pages *app, struct request *req,
                                struct response *res, const char *name,
                                const struct db_query *query, const char *param, struct err *e);
/* The dictionaries of an HTML page alone, and its end: for error pages, which ask no database. */
void page_start(struct page *p, const char *name);
int page_finish(struct page *p, const char *title, struct err *e);
/* Adds header and title, expands the layout into res. */
int page_end(struct page *p, const char *title, struct err *e);
void page_drop(struct page *p);

/* A new section for each row of a query's result, its columns as page_row sets them. */
void page_rows(struct template_dict *d, const char *section, const struct db_result *r);
/* Sets KEY and shows IF_KEY if the value is neither null, empty nor false. A time gets KEY_TEXT
 * (2026-05-01 10:00 UTC) and KEY_DAY as well: what it reads as if no script counts its age. */
void page_set(struct template_dict *d, const char *key, const char *value);
/* page_set for each column, in upper case. Mind two habits of ctemplate: a section sees what those
 * around it have set and shown, so a dictionary with rows in it gets its own columns alone; and
 * what is inside {{#IF_X}} is seen from where IF_X was shown, so it is shown where its values are.
 */
void page_row(struct template_dict *d, const struct db_result *r, int row);
/* Runs a query and adds its rows to a section; returns how many, -1 with e. */
#define page_query(p, d, section, query, e, ...)                                                   \
    page_query_run((p), (d), (section), (query), (e),                                              \
                   (int)(sizeof((const char *[]){NULL, ##__VA_ARGS__}) / sizeof(char *)) - 1,      \
                   &((const char *[]){NULL, ##__VA_ARGS__})[1])
int page_query_run(struct page *p, struct template_dict *d, const char *section,
                   const struct db_query *query, struct err *e, int n, const char *const *params);

/* The running and waiting jobs that concern the page (series NULL: all) into {{>JOBS}} of d.
 * Returns how many, -1 with e. */
int page_jobs(struct page *p, struct template_dict *d, struct err *e);

/* The parameter, "" if it was not sent. */
const char *page_param(const struct page *p, const char *name);
/* The request's query with one name set to value (NULL or "": left out), percent-encoded; `page`
 * and `fragment` are left out. In the request's arena. */
const char *page_query_with(const struct page *p, const char *name, const char *value);
/* at= as ISO 8601, "" if it was not sent; ERR_INPUT if it is no date. */
int page_at(const struct page *p, char iso[32], struct err *e);

/* The whole of a query's one column as body with that type, in a snapshot, with ETag. */
int page_send_text(struct page *p, const struct db_result *r, const char *type, struct err *e);

/* The route's {id} if it is a number, else NULL with ERR_NOT_FOUND. */
const char *page_job_id(const struct request *req, struct err *e);

/* Error pages: HTML, or JSON below /api. */
void pages_not_found(struct request *req, struct response *res, void *data);
void pages_bad_method(struct request *req, struct response *res, void *data);
void pages_failed(struct request *req, struct response *res, void *data, const struct err *e);
/* Up to max names that are near to the asked one, best first, by edit distance; returns how many.
 */
size_t near_names(const char *asked, const char *const *names, size_t count, size_t out[],
                  size_t max);

typedef int page_handler(struct request *req, struct response *res, void *data, struct err *e);
page_handler page_overview, page_series, page_target, page_project, page_queue, page_job,
    page_changes, page_api, page_feed, page_badge, page_picture;
page_handler api_status, api_series, api_project, api_job, api_revision, api_schema, api_health,
    api_metrics;

#endif
