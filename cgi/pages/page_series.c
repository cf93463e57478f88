// SPDX-License-Identifier: Apache-2.0
/* `/<series>` and `/<series>/<target>`: a row per project, sorted and filtered by the address. */
#include "cgi/pages/page_series.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "gen/queries.h"

static int read_address(struct page *p, struct series_asked *a, struct err *e)
{
    if (page_at(p, a->at, e))
        return -1;
    const char *sort = page_param(p, "sort");
    a->down = *sort == '-';
    char *field = arena_strdup(p->req->arena, sort + a->down);
    char *at = strchr(field, '@');
    if (at)
        *at = '\0';
    a->field = *field ? field : "source";
    a->sort_target = at && at[1] ? at + 1 : a->target;
    a->group = page_param(p, "group");
    a->changed = strcmp(page_param(p, "changed"), "today") == 0;
    clock_format_iso(time(NULL) / 86400 * 86400, a->today);
    return 0;
}

/* LINK_UPSTREAM: the address with the other direction if the column is the sorted one. */
static void add_sort(struct page *p, const struct series_asked *a, struct template_dict *d,
                     const char *column, const char *field, const char *target)
{
    char key[32], value[256];
    bool here = strcmp(a->field, field) == 0 &&
                (!target || (a->sort_target && strcmp(a->sort_target, target) == 0));
    snprintf(value, sizeof value, "%s%s%s%s", here && !a->down ? "-" : "", field, target ? "@" : "",
             target ? target : "");
    snprintf(key, sizeof key, "LINK_%s", column);
    template_set(d, key, page_query_with(p, "sort", value));
    if (!here)
        return;
    const char *direction = a->down ? "descending" : "ascending";
    snprintf(key, sizeof key, "SORT_%s", column);
    template_set(template_section(d, key), "DIRECTION", direction);
    snprintf(key, sizeof key, "BY_%s", column);
    template_set(d, key, direction);
}

static void add_target_heads(struct page *p, const struct series_asked *a,
                             const struct db_result *targets)
{
    for (int i = 0; i < db_result_rows(targets); i++) {
        const char *name = db_value(targets, i, "target_name");
        struct template_dict *d = template_section(p->content, "TARGET_HEAD");
        template_set(d, "TARGET_NAME", name);
        add_sort(p, a, d, "DEBIAN", "debian", name);
        add_sort(p, a, d, "STATE", "state", name);
    }
}

static void add_head(struct page *p, const struct series_asked *a, const struct db_result *targets)
{
    static const char *const columns[][2] = {
        {"SOURCE", "source"}, {"UPSTREAM", "upstream"}, {"RELEASED", "released"}};
    static const char *const one_columns[][2] = {{"DEBIAN", "debian"},    {"STATE", "state"},
                                                 {"DAYS", "days_behind"}, {"SINCE", "since"},
                                                 {"TEAM", "team"},        {"TYPE", "type"}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        add_sort(p, a, p->content, columns[i][0], columns[i][1], NULL);
    if (!a->target) {
        add_target_heads(p, a, targets);
        return;
    }
    struct template_dict *d = template_section(p->content, "ONE_HEAD");
    for (size_t i = 0; i < sizeof one_columns / sizeof *one_columns; i++)
        add_sort(p, a, d, one_columns[i][0], one_columns[i][1], NULL);
}

static void add_option(struct template_dict *d, const char *section, const char *value,
                       const char *selected)
{
    struct template_dict *o = template_section(d, section);
    template_set(o, "VALUE", value);
    if (strcmp(value, selected) == 0)
        template_show(o, "IF_SELECTED");
}

static void add_options(struct page *p, const char *section, const char *name,
                        const char *const *values)
{
    for (; *values; values++)
        add_option(p->content, section, *values, page_param(p, name));
}

static int add_found_options(struct page *p, const struct series_asked *a, struct err *e)
{
    static const char *const names[][2] = {
        {"carries", "CARRIES_OPTION"}, {"team", "TEAM_OPTION"}, {"type", "TYPE_OPTION"}};
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_options, &r, e, p->series, a->target))
        return -1;
    for (int i = 0; i < db_result_rows(r); i++)
        for (size_t n = 0; n < 3; n++)
            if (strcmp(db_value(r, i, "name"), names[n][0]) == 0)
                add_option(p->content, names[n][1], db_value(r, i, "value"),
                           page_param(p, names[n][0]));
    db_result_free(r);
    return 0;
}

/* More than the text and the state is folded away until it is used. */
static bool uses_more(const struct page *p)
{
    static const char *const names[] = {"behind", "carries", "team", "type", "group"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (*page_param(p, names[i]))
            return true;
    return false;
}

static int add_filter(struct page *p, const struct series_asked *a, struct err *e)
{
    static const char *const states[] = {"missing", "outdated", "ahead", "ok", "unreleased", NULL};
    static const char *const behind[] = {"series", "minor", "patch", "prerelease", NULL};
    static const char *const groups[] = {"team", "type", NULL};
    static const char *const flags[][2] = {{"unreleased", "IF_UNRELEASED"},
                                           {"masked", "IF_MASKED"}};
    static const char *const kept[] = {"sort", "at", "changed", "awaited"};
    struct template_dict *d = p->content;
    template_set(d, "Q", page_param(p, "q"));
    add_options(p, "STATE_OPTION", "state", states);
    add_options(p, "BEHIND_OPTION", "behind", behind);
    add_options(p, "GROUP_OPTION", "group", groups);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (*page_param(p, flags[i][0]))
            template_show(d, flags[i][1]);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (!*page_param(p, kept[i]))
            continue;
        struct template_dict *k = template_section(d, "KEPT");
        template_set(k, "KEPT_NAME", kept[i]);
        template_set(k, "KEPT_VALUE", page_param(p, kept[i]));
    }
    if (uses_more(p))
        template_show(d, "IF_MORE");
    return add_found_options(p, a, e);
}

/* The presets, each with how many projects it would show; the one that is used is marked. */
static int add_presets(struct page *p, const struct series_asked *a, long shown, struct err *e)
{
    static const char *const presets[][4] = {
        {"missing", "state", "missing", "missing"},
        {"outdated", "state", "outdated", "outdated"},
        {"a_series", "behind", "series", "a whole series behind"},
        {"prerelease", "behind", "prerelease", "rc where the final is out"},
        {"today", "changed", "today", "changed today"},
        {"awaited", "awaited", "1", "awaited"},
    };
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_totals, &r, e, p->series, a->target, *a->at ? a->at : NULL,
                a->today))
        return -1;
    page_row(p->content, r, 0);
    int64_t total = db_value_int(r, 0, "total", 0);
    if (shown < total)
        template_show(p->content, "IF_FEWER");
    if (!shown)
        template_show(p->content, total ? "IF_NONE" : "IF_NOTHING");
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        struct template_dict *d = template_section(p->content, "PRESET");
        template_set(d, "PRESET_QUERY",
                     arena_printf(p->req->arena, "%s=%s", presets[i][1], presets[i][2]));
        template_set(d, "PRESET_NAME", presets[i][3]);
        template_set(d, "PRESET_COUNT", db_value(r, 0, presets[i][0]));
        if (strcmp(page_param(p, presets[i][1]), presets[i][2]) == 0)
            template_show(d, "IF_CURRENT");
    }
    db_result_free(r);
    return 0;
}

static int add_apt(struct page *p, const struct series_asked *a, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_apt, &r, e, p->series, a->target))
        return -1;
    struct template_dict *d = template_section(p->content, "APT");
    page_rows(d, "LINE_ROW", r);
    page_rows(d, "STANZA", r);
    for (int i = 0; i < db_result_rows(r); i++) {
        if (!db_value(r, i, "key_url"))
            continue;
        page_row(template_section(d, "OWN_KEY"), r, i);
        break;
    }
    db_result_free(r);
    return 0;
}

static int add_set_aside(struct page *p, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_set_aside, &r, e, p->series))
        return -1;
    int rows = db_result_rows(r);
    if (rows) {
        struct template_dict *d = template_section(p->content, "SET_ASIDE");
        template_set(d, "COUNT",
                     arena_printf(p->req->arena, rows == 1 ? "%d file" : "%d files", rows));
        page_rows(d, "FILE_ROW", r);
    }
    db_result_free(r);
    return 0;
}

static void add_pictures(struct page *p, const struct series_asked *a)
{
    struct template_dict *d =
        template_include(template_section(p->content, "PICTURED"), "PICTURES", "pictures.html");
    struct buf url = BUF_INIT;
    buf_add_str(&url, p->app->base);
    response_encode_path(&url, p->req->path, true);
    /* the revision makes a changed picture another address */
    const char *tag = db_value(p->head, 0, "revision");
    template_set(d, "STATES_URL",
                 arena_printf(p->req->arena, "%s/states.svg?r=%s", buf_str(&url), tag));
    if (a->target)
        template_set(template_section(d, "BEHIND"), "BEHIND_URL",
                     arena_printf(p->req->arena, "%s/behind.svg?r=%s", buf_str(&url), tag));
    buf_free(&url);
}

static int add_about(struct page *p, const struct series_asked *a, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_series_head, &r, e, p->series, a->target))
        return -1;
    page_row(p->content, r, 0);
    if (db_value_bool(r, 0, "drawn")) /* a single day is no picture */
        add_pictures(p, a);
    db_result_free(r);
    template_set(p->content, "SERIES", p->series);
    if (a->target)
        page_set(p->content, "TARGET", a->target);
    struct buf path = BUF_INIT;
    buf_add_str(&path, p->app->base);
    response_encode_path(&path, p->req->path, true);
    template_set(p->content, "PATH", buf_str(&path));
    buf_free(&path);
    template_set(p->content, "API_QUERY", page_query_with(p, "masked", NULL));
    if (*a->at)
        page_set(p->content, "AT_TIME", a->at);
    else
        template_show(p->content, "IF_NOW");
    page_set(p->content, "AT", page_param(p, "at"));
    return 0;
}

/* The jobs that concern the page, under its heading. */
static int add_strip(struct page *p, struct err *e)
{
    return page_jobs(p, p->content, e) < 0 ? -1 : 0;
}

static int add_all(struct page *p, struct series_asked *a, struct err *e)
{
    struct db_result *targets = NULL;
    long shown = 0;
    int rc = -1;
    if (read_address(p, a, e) || add_about(p, a, e) || add_filter(p, a, e) || add_strip(p, e) ||
        db_call(p->app->db, &query_page_targets, &targets, e, p->series, *a->at ? a->at : NULL,
                a->target))
        goto out;
    a->targets = db_result_rows(targets);
    if (!a->target) /* how wide the table must be at least: the style sheet knows up to eight */
        page_set(p->content, "MANY",
                 arena_printf(p->req->arena, "%d", a->targets < 8 ? a->targets : 8));
    page_rows(p->content, "TARGET_ROW", targets);
    add_head(p, a, targets);
    if (series_add_rows(p, a, &shown, e) || add_presets(p, a, shown, e) || add_set_aside(p, e))
        goto out;
    rc = a->target ? add_apt(p, a, e) : 0;
out:
    db_result_free(targets);
    return rc;
}

static int answer(struct request *req, struct response *res, struct pages *app, const char *target,
                  struct err *e)
{
    struct page p;
    struct series_asked a = {.target = target};
    int rc = -1;
    enum page_state state =
        page_begin(&p, app, req, res, "series", request_value(req, "series"), target, e);
    if (state == PAGE_ANSWERED)
        rc = 0;
    if (state == PAGE_GO_ON && (p.only_jobs ? add_strip(&p, e) : add_all(&p, &a, e)) == 0) {
        const char *title =
            target ? arena_printf(req->arena, "%s in %s", p.series, target) : p.series;
        rc = page_end(&p, title, e);
    }
    page_drop(&p);
    return rc;
}

int page_series(struct request *req, struct response *res, void *data, struct err *e)
{
    return answer(req, res, data, NULL, e);
}

int page_target(struct request *req, struct response *res, void *data, struct err *e)
{
    return answer(req, res, data, request_value(req, "target"), e);
}
