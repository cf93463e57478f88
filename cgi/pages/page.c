// SPDX-License-Identifier: Apache-2.0
/* One page while it is made: snapshot, ETag, header, expansion. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cgi/pages/pages.h"
#include "core/base/clock.h"
#include "gen/queries.h"

#define KEY_MAX 64

/* RELEASE ids lead to the series' name: /2025.1/trixie?q=x is /epoxy/trixie?q=x. */
static void redirect_to_name(struct page *p, const char *asked, const char *name)
{
    const char *path = p->req->path;
    size_t at = strncmp(path, "/api/v1/status/", 15) == 0 ? 15 : 1;
    struct buf to = BUF_INIT;
    buf_add_str(&to, p->app->base);
    buf_add(&to, path, at);
    response_encode_path(&to, name, false);
    response_encode_path(&to, path + at + strlen(asked), true);
    if (*p->req->query)
        buf_addf(&to, "?%s", page_query_with(p, "", NULL));
    response_redirect(p->res, 301, buf_str(&to));
    buf_free(&to);
}

/* What a page's text depends on besides the database: this program's templates, its own part of
 * the configuration, and the request's address, which belongs to the URL. */
static void make_etag(struct page *p)
{
    size_t build = strlen(p->app->build);
    const char *jobs = db_value(p->head, 0, "jobs");
    /* beginnings of hashes: a 304 is to fit into 300 bytes */
    snprintf(p->etag, sizeof p->etag, "%.8s-%s-%.16s%.8s%s.%.8s", db_value(p->head, 0, "instance"),
             db_value(p->head, 0, "revision"), db_value(p->head, 0, "tag"), p->app->config->hash,
             p->app->build + (build > 8 ? build - 8 : 0), jobs ? jobs : "0");
}

static enum page_state send_etag(struct page *p)
{
    make_etag(p);
    response_header(p->res, "Cache-Control", "no-cache");
    return response_etag(p->res, p->req, p->etag) ? PAGE_ANSWERED : PAGE_GO_ON;
}

enum page_state page_open_with(struct page *p, struct pages *app, struct request *req,
                               struct response *res, const struct db_query *query,
                               const char *param, struct err *e)
{
    *p = (struct page){.app = app, .req = req, .res = res};
    if (db_begin_snapshot(app->db, e) || db_call(app->db, query, &p->head, e, param))
        return PAGE_FAILED;
    return send_etag(p);
}

enum page_state page_open(struct page *p, struct pages *app, struct request *req,
                          struct response *res, const char *series, const char *target,
                          struct err *e)
{
    *p = (struct page){.app = app, .req = req, .res = res};
    if (db_begin_snapshot(app->db, e) ||
        db_call(app->db, &query_page_revision, &p->head, e, series, target))
        return PAGE_FAILED;
    p->series = db_value(p->head, 0, "series");
    if (series && !p->series) {
        err_set(e, ERR_NOT_FOUND, "there is no series %s", series);
        return PAGE_FAILED;
    }
    if (series && strcmp(series, p->series) != 0) {
        redirect_to_name(p, series, p->series);
        return PAGE_ANSWERED;
    }
    if (target && !db_value(p->head, 0, "target")) {
        err_set(e, ERR_NOT_FOUND, "%s has no target %s", series, target);
        return PAGE_FAILED;
    }
    return send_etag(p);
}

static void set_globals(struct page *p)
{
    template_set_global(p->root, "BASE", p->app->base);
    template_set_global(p->root, "BUILD", p->app->build);
    template_set_global(p->root, "VERSION", DEB_STATUS_VERSION);
    const char *site = p->app->config->site_title;
    template_set_global(p->root, "SITE", site ? site : "Debian packages");
}

void page_start(struct page *p, const char *name)
{
    char file[KEY_MAX];
    snprintf(file, sizeof file, "%s.html", p->only_jobs ? "strip" : name);
    p->root = template_new();
    set_globals(p);
    p->body = template_include(p->root, "BODY", "body.html");
    p->content = template_include(p->body, "CONTENT", file);
    template_set(p->body, "PAGE", name);
}

/* Whether a script that has the page asks for it again and only the ETag's last part, the jobs,
 * is another: while a job runs open pages ask every 2 s, and the table is most of the work. */
static bool has_all_but_jobs(const struct page *p)
{
    const char *theirs = request_header(p->req, "if-none-match");
    if (!theirs || !*page_param(p, "fragment"))
        return false;
    const char *same = arena_printf(p->req->arena, "\"%.*s.", (int)strcspn(p->etag, "."), p->etag);
    return strncmp(theirs, same, strlen(same)) == 0;
}

static void set_html(struct response *res)
{
    res->type = "text/html; charset=utf-8";
    response_header(res, "Content-Security-Policy",
                    "default-src 'self'; base-uri 'none'; form-action 'self'; "
                    "frame-ancestors 'none'; object-src 'none'");
    response_header(res, "X-Content-Type-Options", "nosniff");
    response_header(res, "Referrer-Policy", "same-origin");
}

static enum page_state start_live(struct page *p, const char *name)
{
    p->only_jobs = strcmp(name, "series") == 0 && has_all_but_jobs(p);
    if (!p->only_jobs)
        p->cache_key =
            arena_printf(p->req->arena, "%s\n%s\n%s", p->req->path, p->req->query, p->etag);
    if (p->cache_key && cache_get(&p->app->cache, p->cache_key, &p->res->body)) {
        set_html(p->res);
        return PAGE_ANSWERED;
    }
    page_start(p, name);
    if (p->only_jobs)
        template_show(p->body, "IF_PART");
    template_set(p->body, "ETAG", p->etag);
    template_set(p->body, "INSTANCE", db_value(p->head, 0, "instance"));
    template_set(p->body, "REVISION", db_value(p->head, 0, "revision"));
    template_set(p->body, "POLL", db_value_bool(p->head, 0, "busy") ? "2" : "10");
    template_show(p->root, "IF_REFRESH");
    return PAGE_GO_ON;
}

enum page_state page_begin(struct page *p, struct pages *app, struct request *req,
                           struct response *res, const char *name, const char *series,
                           const char *target, struct err *e)
{
    enum page_state state = page_open(p, app, req, res, series, target, e);
    return state == PAGE_GO_ON ? start_live(p, name) : state;
}

enum page_state page_begin_with(struct page *p, struct pages *app, struct request *req,
                                struct response *res, const char *name,
                                const struct db_query *query, const char *param, struct err *e)
{
    enum page_state state = page_open_with(p, app, req, res, query, param, e);
    return state == PAGE_GO_ON ? start_live(p, name) : state;
}

int page_finish(struct page *p, const char *title, struct err *e)
{
    bool fragment = *page_param(p, "fragment") != '\0';
    template_set_global(p->root, "TITLE", title);
    buf_reset(&p->res->body);
    set_html(p->res);
    return template_expand(fragment ? "fragment.html" : "layout.html", p->root, &p->res->body, e);
}

int page_end(struct page *p, const char *title, struct err *e)
{
    if (page_query(p, p->body, "NAV", &query_page_nav, e, p->series) < 0)
        return -1;
    if (strcmp(p->req->path, "/queue") == 0)
        template_show(p->body, "IF_ON_QUEUE");
    if (strncmp(p->req->path, "/api", 4) == 0)
        template_show(p->body, "IF_ON_API");
    if (page_finish(p, title, e) || db_commit(p->app->db, e))
        return -1;
    if (p->cache_key)
        cache_put(&p->app->cache, p->cache_key, &p->res->body);
    return 0;
}

void page_drop(struct page *p)
{
    db_result_free(p->head);
    if (p->root)
        template_free(p->root);
    p->head = NULL;
    p->root = p->body = p->content = NULL;
}

static bool is_time(const char *s)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
            return false;
    return s[sizeof form - 1] == '\0';
}

void page_set(struct template_dict *d, const char *key, const char *value)
{
    char name[KEY_MAX + 8], text[32];
    template_set(d, key, value);
    if (!value || !*value || strcmp(value, "f") == 0)
        return;
    snprintf(name, sizeof name, "IF_%s", key);
    template_show(d, name);
    if (!is_time(value))
        return;
    snprintf(name, sizeof name, "%s_TEXT", key);
    snprintf(text, sizeof text, "%.10s %.5s UTC", value, value + 11);
    template_set(d, name, text);
    snprintf(name, sizeof name, "%s_DAY", key);
    snprintf(text, sizeof text, "%.10s", value);
    template_set(d, name, text);
}

void page_row(struct template_dict *d, const struct db_result *r, int row)
{
    int n = db_result_columns(r);
    for (int c = 0; c < n; c++) {
        char key[KEY_MAX];
        const char *name = db_result_column_name(r, c);
        size_t len = 0;
        for (; *name && len < sizeof key - 1; name++)
            key[len++] = (char)toupper((unsigned char)*name);
        key[len] = '\0';
        page_set(d, key, db_value_at(r, row, c));
    }
}

void page_rows(struct template_dict *d, const char *section, const struct db_result *r)
{
    for (int i = 0; i < db_result_rows(r); i++)
        page_row(template_section(d, section), r, i);
}

int page_query_run(struct page *p, struct template_dict *d, const char *section,
                   const struct db_query *query, struct err *e, int n, const char *const *params)
{
    struct db_result *r = NULL;
    if (db_run(p->app->db, query, n, params, &r, e))
        return -1;
    int rows = db_result_rows(r);
    page_rows(d, section, r);
    db_result_free(r);
    return rows;
}

int page_jobs(struct page *p, struct template_dict *d, struct err *e)
{
    struct template_dict *strip = template_include(d, "JOBS", "jobs_strip.html");
    int n = page_query(p, strip, "JOB_ROW", &query_page_jobs, e, p->series);
    if (n == 0)
        template_show(d, "IF_NO_JOBS");
    return n;
}

const char *page_param(const struct page *p, const char *name)
{
    const char *value = request_param(p->req, name);
    return value ? value : "";
}

static void add_pair(struct buf *out, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    if (out->len)
        buf_add_char(out, '&');
    /* ; and + and = mean something in a query: the path's encoder leaves them as they are */
    for (int i = 0; i < 2; i++) {
        for (const unsigned char *s = (const unsigned char *)(i ? value : name); *s; s++) {
            if (isalnum(*s) || strchr("-._~:@,/", *s))
                buf_add_char(out, (char)*s);
            else
                buf_addf(out, "%%%02X", *s);
        }
        if (i == 0)
            buf_add_char(out, '=');
    }
}

const char *page_query_with(const struct page *p, const char *name, const char *value)
{
    struct buf out = BUF_INIT;
    for (size_t i = 0; i < p->req->param_count; i++) {
        const char *key = p->req->params[i].name;
        if (strcmp(key, name) != 0 && strcmp(key, "fragment") != 0)
            add_pair(&out, key, p->req->params[i].value);
    }
    if (*name)
        add_pair(&out, name, value);
    char *s = arena_strdup(p->req->arena, buf_str(&out));
    buf_free(&out);
    return s;
}

int page_at(const struct page *p, char iso[32], struct err *e)
{
    const char *at = page_param(p, "at");
    time_t t;
    iso[0] = '\0';
    if (!*at)
        return 0;
    if (clock_parse_at(at, &t, e))
        return -1;
    clock_format_iso(t, iso);
    return 0;
}

int page_send_text(struct page *p, const struct db_result *r, const char *type, struct err *e)
{
    const char *text = db_result_rows(r) ? db_value_at(r, 0, 0) : NULL;
    if (!text)
        return err_set(e, ERR_NOT_FOUND, "not found");
    p->res->type = type;
    buf_add_str(&p->res->body, text);
    return db_commit(p->app->db, e);
}
