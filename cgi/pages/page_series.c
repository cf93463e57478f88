// SPDX-License-Identifier: Apache-2.0
/* `/<series>` and `/<series>/<target>`: a row per project, sorted and filtered by the address. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cgi/pages/pages.h"
#include "core/base/clock.h"
#include "gen/queries.h"

struct asked { /* the address, checked */
    char at[32];
    char today[CLOCK_ISO_SIZE];
    const char *field; /* sort=FIELD, -FIELD, FIELD@TARGET */
    const char *sort_target;
    bool down;
    const char *group;
    const char *target; /* NULL: all of the series */
};

static const char *or_null(const char *s)
{
    return s && *s ? s : NULL;
}

static int read_address(struct page *p, struct asked *a, struct err *e)
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
    a->sort_target = at ? at + 1 : a->target;
    a->group = page_param(p, "group");
    if (strcmp(page_param(p, "changed"), "today") == 0) {
        clock_format_iso(time(NULL) / 86400 * 86400, a->today);
    }
    return 0;
}

/* LINK_UPSTREAM: the address with the other direction where the column is the sorted one. */
static void add_sort(struct page *p, const struct asked *a, struct template_dict *d,
                     const char *column, const char *field, const char *target)
{
    char link[32], section[32], value[256];
    bool here = strcmp(a->field, field) == 0 &&
                (!target || (a->sort_target && strcmp(a->sort_target, target) == 0));
    snprintf(value, sizeof value, "%s%s%s%s", here && !a->down ? "-" : "", field, target ? "@" : "",
             target ? target : "");
    snprintf(link, sizeof link, "LINK_%s", column);
    template_set(d, link, page_query_with(p, "sort", value));
    if (here) {
        snprintf(section, sizeof section, "SORT_%s", column);
        template_set(template_section(d, section), "DIRECTION",
                     a->down ? "descending" : "ascending");
    }
}

static void add_head(struct page *p, const struct asked *a, const struct db_result *targets)
{
    static const char *const columns[][2] = {{"SOURCE", "source"},
                                             {"UPSTREAM", "upstream"},
                                             {"RELEASED", "released"},
                                             {"TEAM", "team"},
                                             {"TYPE", "type"}};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        add_sort(p, a, p->content, columns[i][0], columns[i][1], NULL);
    for (int i = 0; i < db_result_rows(targets); i++) {
        const char *name = db_value(targets, i, "target_name");
        if (a->target && strcmp(a->target, name) != 0)
            continue;
        struct template_dict *d = template_section(p->content, "TARGET_HEAD");
        template_set(d, "TARGET_NAME", name);
        add_sort(p, a, d, "DEBIAN", "debian", name);
        add_sort(p, a, d, "STATE", "state", name);
    }
    if (a->target)
        add_sort(p, a, template_section(p->content, "ONE_HEAD"), "SINCE", "since", NULL);
}

static void add_options(struct template_dict *d, const char *section, const char *const *values,
                        const char *selected)
{
    for (; *values; values++) {
        struct template_dict *o = template_section(d, section);
        template_set(o, "VALUE", *values);
        if (strcmp(*values, selected) == 0)
            template_show(o, "IF_SELECTED");
    }
}

static int add_found_options(struct page *p, const struct asked *a, struct err *e)
{
    static const char *const names[][2] = {
        {"carries", "CARRIES_OPTION"}, {"team", "TEAM_OPTION"}, {"type", "TYPE_OPTION"}};
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_options, &r, e, p->series, a->target))
        return -1;
    for (int i = 0; i < db_result_rows(r); i++)
        for (size_t n = 0; n < 3; n++)
            if (strcmp(db_value(r, i, "name"), names[n][0]) == 0)
                add_options(p->content, names[n][1],
                            (const char *const[]){db_value(r, i, "value"), NULL},
                            page_param(p, names[n][0]));
    db_result_free(r);
    return 0;
}

static int add_filter(struct page *p, const struct asked *a, struct err *e)
{
    static const char *const states[] = {"outdated", "missing", "ahead", "ok", "unreleased", NULL};
    static const char *const behind[] = {"series", "minor", "patch", "prerelease", NULL};
    struct template_dict *d = p->content;
    template_set(d, "Q", page_param(p, "q"));
    template_set(d, "SORT", page_param(p, "sort"));
    if (*page_param(p, "sort"))
        template_show(d, "IF_SORT");
    add_options(d, "STATE_OPTION", states, page_param(p, "state"));
    add_options(d, "BEHIND_OPTION", behind, page_param(p, "behind"));
    if (strcmp(a->group, "team") == 0)
        template_show(d, "IF_GROUP_TEAM");
    if (strcmp(a->group, "type") == 0)
        template_show(d, "IF_GROUP_TYPE");
    if (*page_param(p, "unreleased"))
        template_show(d, "IF_UNRELEASED");
    if (*page_param(p, "masked"))
        template_show(d, "IF_MASKED");
    return add_found_options(p, a, e);
}

static void set_from(struct template_dict *d, const struct db_result *r, int row,
                     const char *const (*names)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char section[48];
        const char *value = db_value(r, row, names[i][0]);
        template_set(d, names[i][1], value);
        snprintf(section, sizeof section, "IF_%s", names[i][1]);
        if (value && *value && strcmp(value, "f") != 0)
            template_show(d, section);
    }
}

static struct template_dict *add_project(struct template_dict *group, const struct db_result *r,
                                         int row, const struct asked *a)
{
    static const char *const names[][2] = {
        {"project", "PROJECT"},       {"name", "NAME"},         {"other_name", "OTHER_NAME"},
        {"artifact", "ARTIFACT"},     {"upstream", "UPSTREAM"}, {"released", "RELEASED"},
        {"ended", "ENDED"},           {"team", "TEAM"},         {"type", "TYPE"},
        {"masked_row", "MASKED_ROW"}, {"moved", "MOVED"},       {"mask_reason", "MASK_REASON"},
        {"opendev", "OPENDEV"}};
    struct template_dict *d = template_section(group, "ROW");
    set_from(d, r, row, names, sizeof names / sizeof *names);
    if (a->target)
        set_from(template_section(d, "ONE"), r, row,
                 (const char *const[][2]){{"since", "SINCE"}, {"since_unknown", "SINCE_UNKNOWN"}},
                 2);
    return d;
}

/* One target of a project: its cells, and the links that its version gives. */
static void add_cell(struct template_dict *d, const struct db_result *r, int row)
{
    static const char *const names[][2] = {
        {"target_name", "TARGET_NAME"}, {"debian", "DEBIAN"},           {"state", "STATE"},
        {"behind", "BEHIND"},           {"carries", "CARRIES"},         {"else", "ELSE"},
        {"patched", "PATCHED"},         {"not_awaited", "NOT_AWAITED"}, {"elsewhere", "ELSEWHERE"},
        {"late_since", "LATE_SINCE"}};
    set_from(template_section(d, "CELL"), r, row, names, sizeof names / sizeof *names);
    if (db_value(r, row, "source"))
        set_from(d, r, row, (const char *const[][2]){{"source", "SOURCE"}}, 1);
    if (db_value(r, row, "vcs_browser") && *db_value(r, row, "vcs_browser"))
        set_from(d, r, row, (const char *const[][2]){{"vcs_browser", "VCS_BROWSER"}}, 1);
    if (db_value(r, row, "from_hash"))
        set_from(
            template_section(d, "COMPARE"), r, row,
            (const char *const[][2]){
                {"from", "FROM"}, {"from_hash", "FROM_HASH"}, {"to", "TO"}, {"to_hash", "TO_HASH"}},
            4);
    if (db_value(r, row, "build_url"))
        set_from(template_section(d, "BUILD_LINK"), r, row,
                 (const char *const[][2]){{"build_url", "BUILD_URL"}, {"built", "BUILT"}}, 2);
}

static struct template_dict *add_group(struct page *p, const struct asked *a,
                                       const struct db_result *r, int row, int columns)
{
    struct template_dict *d = template_section(p->content, "GROUP");
    const char *name = row < db_result_rows(r) ? db_value(r, row, "group_name") : NULL;
    template_set(d, "GROUP_KEY", name ? name : " ");
    if (*a->group && row < db_result_rows(r)) {
        struct template_dict *head = template_section(d, "GROUP_HEAD");
        template_set(head, "GROUP_NAME", name ? name : "none");
        template_set_int(head, "COLUMNS", columns);
    }
    return d;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static long add_rows(struct page *p, const struct asked *a, const struct db_result *r, int columns)
{
    struct template_dict *group = add_group(p, a, r, 0, columns), *row = NULL;
    long shown = 0;
    for (int i = 0; i < db_result_rows(r); i++) {
        bool first =
            i == 0 || strcmp(db_value(r, i, "project"), db_value(r, i - 1, "project")) != 0;
        if (i && !same(db_value(r, i, "group_name"), db_value(r, i - 1, "group_name")))
            group = add_group(p, a, r, i, columns);
        if (first) {
            row = add_project(group, r, i, a);
            shown++;
        }
        add_cell(row, r, i);
    }
    return shown;
}

static int add_table(struct page *p, const struct asked *a, int columns, struct err *e)
{
    struct db_result *r = NULL;
#define PARAM(name) or_null(page_param(p, name))
    if (db_call(p->app->db, &query_page_cells, &r, e, p->series, a->target, or_null(a->at),
                PARAM("state"), PARAM("behind"), PARAM("carries"), PARAM("team"), PARAM("type"),
                PARAM("masked"), PARAM("unreleased"), PARAM("q"), a->field, or_null(a->sort_target),
                a->down ? "down" : NULL, or_null(a->group), or_null(a->today), PARAM("awaited")))
        return -1;
#undef PARAM
    long shown = add_rows(p, a, r, columns);
    db_result_free(r);
    template_set_int(p->content, "SHOWN", shown);
    if (!shown)
        template_show(p->content, "IF_NONE");
    if (db_call(p->app->db, &query_page_totals, &r, e, p->series, a->target, or_null(a->at)))
        return -1;
    page_row(p->content, r, 0);
    db_result_free(r);
    return 0;
}

static int add_apt(struct page *p, const struct asked *a, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_apt, &r, e, p->series, a->target))
        return -1;
    struct template_dict *d = template_section(p->content, "APT");
    page_rows(d, "LINE_ROW", r);
    for (int i = 0; i < db_result_rows(r); i++) {
        if (!db_value(r, i, "key_url"))
            continue;
        struct template_dict *key = template_section(d, "OWN_KEY");
        page_row(key, r, i);
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
    if (db_result_rows(r)) {
        struct template_dict *d = template_section(p->content, "SET_ASIDE");
        template_set_int(d, "COUNT", db_result_rows(r));
        page_rows(d, "FILE_ROW", r);
    }
    db_result_free(r);
    return 0;
}

static int add_about(struct page *p, const struct asked *a, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(p->app->db, &query_page_series_head, &r, e, p->series))
        return -1;
    page_row(p->content, r, 0);
    db_result_free(r);
    template_set(p->content, "SERIES", p->series);
    template_set(p->content, "TARGET", a->target);
    if (a->target)
        template_show(p->content, "IF_TARGET");
    struct buf path = BUF_INIT;
    buf_add_str(&path, p->app->base);
    response_encode_path(&path, p->req->path, true);
    template_set(p->content, "PATH", buf_str(&path));
    buf_free(&path);
    template_set(p->content, "API_QUERY", page_query_with(p, "masked", NULL));
    template_set(p->content, "AT", page_param(p, "at"));
    template_set(p->content, "AT_TIME", a->at);
    if (a->at[0])
        template_show(p->content, "IF_AT");
    return 0;
}

static void add_pictures(struct page *p, const struct asked *a)
{
    struct template_dict *d = template_include(p->content, "PICTURES", "pictures.html");
    struct buf url = BUF_INIT;
    buf_add_str(&url, p->app->base);
    response_encode_path(&url, p->req->path, true);
    const char *path = arena_strdup(p->req->arena, buf_str(&url));
    buf_free(&url);
    /* the revision makes a changed picture another address */
    const char *tag = db_value(p->head, 0, "revision");
    template_set(d, "STATES_URL", arena_printf(p->req->arena, "%s/states.svg?r=%s", path, tag));
    if (a->target)
        template_set(template_section(d, "BEHIND"), "BEHIND_URL",
                     arena_printf(p->req->arena, "%s/behind.svg?r=%s", path, tag));
    template_show(p->content, "IF_PICTURES");
}

static int add_all(struct page *p, struct asked *a, struct err *e)
{
    struct db_result *targets = NULL;
    int rc = -1, jobs;
    if (read_address(p, a, e) || add_about(p, a, e) || add_filter(p, a, e))
        goto out;
    jobs = page_jobs(p, p->content, e);
    if (jobs < 0)
        goto out;
    if (jobs)
        template_show(p->content, "IF_JOB_ROWS");
    if (db_call(p->app->db, &query_page_targets, &targets, e, p->series, or_null(a->at), a->target))
        goto out;
    page_rows(p->content, "TARGET_ROW", targets);
    add_head(p, a, targets);
    if (add_table(p, a, a->target ? 9 : 6 + 2 * db_result_rows(targets), e) || add_set_aside(p, e))
        goto out;
    add_pictures(p, a);
    rc = a->target ? add_apt(p, a, e) : 0;
out:
    db_result_free(targets);
    return rc;
}

static int answer(struct request *req, struct response *res, struct pages *app, const char *target,
                  struct err *e)
{
    struct page p;
    struct asked a = {.target = target};
    int rc = -1;
    enum page_state state =
        page_begin(&p, app, req, res, "series", request_value(req, "series"), target, e);
    if (state == PAGE_ANSWERED) {
        rc = 0;
    } else if (state == PAGE_GO_ON && add_all(&p, &a, e) == 0) {
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
