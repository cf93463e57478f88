// SPDX-License-Identifier: Apache-2.0
/* pages.fcgi: the table of pages, and what each needs. It reads, nothing else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/http/server.h"
#include "cgi/pages/pages.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#define READS (NEED_QUERY | NEED_DATABASE)

/* A page is there within 5 s, or an error page is: of these the database may take so much in all. A
 * statement ends after 1.5 s at the server, and a second later a server that hangs is given up. */
#define ANSWER_MS            4000
#define CONNECT_MS           1500
#define CONNECT_TIMEOUT_S    2 /* the least that libpq takes */
#define STATEMENT_TIMEOUT_MS 1500
#define HUNG_MS              1000 /* a connection lost after so long: nobody waits again */

/* The address as people type it, without its slash: links on the page would lead astray. */
static int redirect_to_slash(struct request *req, struct response *res, void *data, struct err *e)
{
    const struct pages *app = data;
    (void)e;
    response_redirect(res, 301, arena_printf(req->arena, "%s%s/", app->base, req->path));
    return 0;
}

static const struct route routes[] = {
    {METHOD_GET, "", NEED_NOTHING, redirect_to_slash, NULL},
    {METHOD_GET, "/", READS, page_overview, NULL},
    {METHOD_GET, "/queue", READS, page_queue, NULL},
    {METHOD_GET, "/jobs/{id}", READS, page_job, NULL},
    {METHOD_GET, "/health", NEED_NOTHING, api_health, NULL},
    {METHOD_GET, "/metrics", READS, api_metrics, NULL},
    {METHOD_GET, "/feed.atom", READS, page_feed, NULL},
    {METHOD_GET, "/api", NEED_NOTHING, redirect_to_slash, NULL},
    {METHOD_GET, "/api/", READS, page_api, NULL},
    {METHOD_GET, "/api/v1/series", READS, api_series, NULL},
    {METHOD_GET, "/api/v1/revision", READS, api_revision, NULL},
    {METHOD_GET, "/api/v1/schema.json", NEED_NOTHING, api_schema, NULL},
    {METHOD_GET, "/api/v1/status/{series}/{target}", READS, api_status, NULL},
    {METHOD_GET, "/api/v1/projects/{repo*}", READS, api_project, NULL},
    {METHOD_GET, "/api/v1/jobs/{id}", READS, api_job, NULL},
    {METHOD_GET, "/project/{repo*}/feed.atom", READS, page_feed, NULL},
    {METHOD_GET, "/project/{repo*}", READS, page_project, NULL},
    {METHOD_GET, "/{series}/feed.atom", READS, page_feed, NULL},
    {METHOD_GET, "/{series}/changes", READS, page_changes, NULL},
    {METHOD_GET, "/{series}/states.svg", READS, page_picture, "states"},
    {METHOD_GET, "/{series}/{target}/badge.svg", READS, page_badge, NULL},
    {METHOD_GET, "/{series}/{target}/states.svg", READS, page_picture, "states"},
    {METHOD_GET, "/{series}/{target}/behind.svg", READS, page_picture, "behind"},
    {METHOD_GET, "/{series}/{target}", READS, page_target, NULL},
    {METHOD_GET, "/{series}", READS, page_series, NULL},
    {0, NULL, 0, NULL, NULL},
};

/* The path without slashes at its end, if that is a page's address; else NULL. */
static const char *page_without_slash(struct request *req)
{
    const char *asked = req->path;
    size_t len = strlen(asked);
    bool found = false;
    while (len > 1 && asked[len - 1] == '/')
        len--;
    if (!asked[len] || !req->path_valid || !(req->method & (METHOD_GET | METHOD_HEAD)))
        return NULL;
    char *path = arena_strndup(req->arena, asked, len);
    req->path = path;
    for (const struct route *r = routes; r->pattern && !found; r++)
        found = route_match(req, r->pattern);
    req->path = asked;
    return found ? path : NULL;
}

static bool is_graphic(const char *s)
{
    while (*s > ' ' && *s < 0x7f)
        s++;
    return !*s;
}

/* /epoxy/ is /epoxy: with the slash the page's own links would lead astray. */
static void not_found(struct request *req, struct response *res, void *data)
{
    const struct pages *app = data;
    const char *path = page_without_slash(req);
    if (!path) {
        pages_not_found(req, res, data);
        return;
    }
    struct buf to = BUF_INIT;
    buf_add_str(&to, app->base);
    response_encode_path(&to, path, true);
    if (*req->query && is_graphic(req->query))
        buf_addf(&to, "?%s", req->query);
    response_redirect(res, 308, buf_str(&to));
    buf_free(&to);
}

/* Where the pages are reached, as site.url says: behind a proxy that is not SCRIPT_NAME. */
static void set_base(struct pages *app)
{
    const char *url = app->config->site_url ? app->config->site_url : "";
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : url;
    snprintf(app->base, sizeof app->base, "%s", path ? path : "");
    size_t n = strlen(app->base);
    while (n && app->base[n - 1] == '/')
        app->base[--n] = '\0';
}

static int load_config(struct pages *app, struct err *e)
{
    struct config *c = config_load(config_find(NULL), CONFIG_PAGES, e);
    if (!c)
        return -1;
    config_free(app->config);
    app->config = c;
    set_base(app);
    db_connector_drop(app->database, false); /* it may name another database now */
    return 0;
}

/* A changed configuration is taken between requests; a bad one keeps the old and shows in /health.
 */
static void begin(void *data)
{
    struct pages *app = data;
    int64_t now = clock_monotonic_ms();
    app->begun_ms = now;
    if (now - app->stat_ms < 1000)
        return;
    app->stat_ms = now;
    if (!config_is_stale(app->config))
        return;
    struct err e = {0};
    bool known = app->config_error.code != ERR_NONE;
    if (load_config(app, &e)) {
        if (!known)
            log_event(LOG_ERROR, "config", "error", e.text, NULL);
        app->config_error = e;
    } else {
        err_clear(&app->config_error);
    }
}

static struct db *connect_within(struct pages *app, int64_t wait_ms, struct err *e)
{
    const struct db_open_options options = {
        .conninfo = app->config->database_read ? app->config->database_read : app->config->database,
        .role = "deb_status_pages",
        .program = "deb-status-pages",
        .connect_timeout_s = CONNECT_TIMEOUT_S,
        .statement_timeout_ms = STATEMENT_TIMEOUT_MS};
    return db_connector_get(app->database, &options, wait_ms, e);
}

int pages_connect(struct pages *app, struct err *e)
{
    app->db = connect_within(app, CONNECT_MS, e);
    if (app->db)
        db_limit(app->db, app->begun_ms + ANSWER_MS);
    return app->db ? 0 : -1;
}

static int meet_needs(void *data, unsigned needs, struct request *req, struct err *e)
{
    (void)req;
    return needs & NEED_DATABASE ? pages_connect(data, e) : 0;
}

/* Between requests: a connection is made, or rebuilt, before the next one asks for it. */
static void idle(void *data)
{
    connect_within(data, 0, NULL);
}

static void end(void *data)
{
    struct pages *app = data;
    int64_t now_ms = clock_monotonic_ms();
    if (!app->db)
        return;
    db_limit(app->db, now_ms + HUNG_MS);
    db_rollback(app->db);
    if (db_is_broken(app->db))
        db_connector_drop(app->database, now_ms - app->begun_ms >= HUNG_MS);
    app->db = NULL;
}

int main(void)
{
    log_open("pages.fcgi", LOG_NOTE);
    struct pages app = {.share = getenv("DEB_STATUS_SHARE")};
    struct err e = {0};
    char hash[17];
    if (!app.share || !*app.share)
        app.share = DEB_STATUS_SHARE;
    app.database = db_connector_new();
    if (template_load(app.share, hash, &e) || load_config(&app, &e)) {
        log_event(LOG_ERROR, "start", "error", e.text, "detail", e.detail, NULL);
        return 1;
    }
    snprintf(app.build, sizeof app.build, "%s-%s", DEB_STATUS_VERSION, hash);
    const struct http_app http = {.name = "pages",
                                  .routes = routes,
                                  .data = &app,
                                  .begin = begin,
                                  .idle = idle,
                                  .meet_needs = meet_needs,
                                  .not_found = not_found,
                                  .bad_method = pages_bad_method,
                                  .failed = pages_failed,
                                  .end = end};
    int code = server_run(&http);
    db_connector_free(app.database);
    cache_free(&app.cache);
    config_free(app.config);
    return code;
}
