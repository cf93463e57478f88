// SPDX-License-Identifier: Apache-2.0
/* The table of a series page: groups, rows, cells. The query has sorted and filtered. */
#include <string.h>

#include "cgi/pages/page_series.h"
#include "gen/queries.h"

struct field {
    const char *column, *key, *shown;
};

#define FIELD(column, key)                                                                         \
    {                                                                                              \
        column, key, "IF_" key                                                                     \
    }
#define COUNT(list) (sizeof(list) / sizeof *(list))
#define FIELDS_MAX  16

static const struct field project_fields[] = {
    FIELD("project", "PROJECT"),
    FIELD("name", "NAME"),
    FIELD("other_name", "OTHER_NAME"),
    FIELD("artifact", "ARTIFACT"),
    FIELD("upstream", "UPSTREAM"),
    FIELD("ended", "ENDED"),
    FIELD("team", "TEAM"),
    FIELD("type", "TYPE"),
    FIELD("masked_row", "MASKED_ROW"),
    FIELD("moved", "MOVED"),
    FIELD("mask_reason", "MASK_REASON"),
    FIELD("opendev", "OPENDEV"),
};
static const struct field cell_fields[] = {
    FIELD("target_name", "TARGET_NAME"),
    FIELD("debian", "DEBIAN"),
    FIELD("state", "STATE"),
    FIELD("unread", "UNREAD"),
    FIELD("behind", "BEHIND"),
    FIELD("carries", "CARRIES"),
    FIELD("else", "ELSE"),
    FIELD("patched", "PATCHED"),
    FIELD("not_awaited", "NOT_AWAITED"),
    FIELD("elsewhere", "ELSEWHERE"),
    FIELD("late_since", "LATE_SINCE"),
    FIELD("days_behind", "DAYS_BEHIND"),
    FIELD("days_then", "DAYS_THEN"),
};
static const struct field compare_fields[] = {
    FIELD("from", "FROM"),
    FIELD("from_hash", "FROM_HASH"),
    FIELD("to", "TO"),
    FIELD("to_hash", "TO_HASH"),
};

/* A result with the places of its columns: libpq looks a name up in linear time. */
struct rows {
    const struct db_result *r;
    int project[FIELDS_MAX], cell[FIELDS_MAX], compare[FIELDS_MAX];
};

static int column_of(const struct db_result *r, const char *name)
{
    int n = db_result_columns(r);
    while (n > 0 && strcmp(db_result_column_name(r, n - 1), name) != 0)
        n--;
    return n - 1;
}

static void find_columns(const struct db_result *r, const struct field *fields, size_t n, int *at)
{
    for (size_t i = 0; i < n; i++)
        at[i] = column_of(r, fields[i].column);
}

static void set_fields(struct template_dict *d, const struct rows *rows, int row,
                       const struct field *fields, size_t n, const int *at)
{
    for (size_t i = 0; i < n; i++) {
        const char *value = db_value_at(rows->r, row, at[i]);
        if (!value || !*value || strcmp(value, "f") == 0)
            continue;
        template_set(d, fields[i].key, value);
        template_show(d, fields[i].shown);
    }
}

#define SET(d, rows, row, name)                                                                    \
    set_fields((d), (rows), (row), name##_fields, COUNT(name##_fields), (rows)->name)

/* Beside one target's version, and among the links of a row. */
static void add_build(struct template_dict *d, const char *section, const struct rows *rows,
                      int row)
{
    const char *built = db_value(rows->r, row, "built");
    if (!built)
        return;
    struct template_dict *b = template_section(d, section);
    page_set(b, "BUILT", built);
    page_set(b, "BUILD_JOB", db_value(rows->r, row, "build_job"));
    page_set(b, "BUILD_URL", db_value(rows->r, row, "build_url"));
    page_set(b, "BUILD_TARGET", db_value(rows->r, row, "target_name"));
    if (!db_value(rows->r, row, "build_url"))
        template_show(b, "IF_NO_URL");
}

/* One target of a project: its cell, and the links that its version gives. */
static void add_cell(struct template_dict *d, const struct rows *rows, int row, bool one)
{
    struct template_dict *cell = template_section(d, one ? "ONE" : "CELL");
    SET(cell, rows, row, cell);
    if (one) {
        page_set(cell, "SINCE", db_value(rows->r, row, "since"));
        if (db_value_bool(rows->r, row, "since_unknown"))
            template_show(cell, "IF_SINCE_UNKNOWN");
        add_build(cell, "BUILD", rows, row);
    }
    add_build(d, "LAST_BUILD", rows, row);
    const char *source = db_value(rows->r, row, "source");
    const char *vcs = db_value(rows->r, row, "vcs_browser");
    if (source)
        page_set(d, "SOURCE", source);
    if (vcs && *vcs)
        page_set(d, "VCS_BROWSER", vcs);
    if (db_value(rows->r, row, "from_hash"))
        SET(template_section(d, "COMPARE"), rows, row, compare);
}

static struct template_dict *add_group(struct page *p, const struct series_asked *a,
                                       const struct db_result *r, int row)
{
    struct template_dict *d = template_section(p->content, "GROUP");
    const char *name = row < db_result_rows(r) ? db_value(r, row, "group_name") : NULL;
    template_set(d, "GROUP_KEY", name ? name : " ");
    if (*a->group && row < db_result_rows(r)) {
        struct template_dict *head = template_section(d, "GROUP_HEAD");
        template_set(head, "GROUP_NAME", name ? name : "none");
        template_set_int(head, "COLUMNS", a->target ? 10 : 3 + a->targets);
    }
    return d;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static long add_rows(struct page *p, const struct series_asked *a, const struct rows *rows)
{
    const struct db_result *r = rows->r;
    struct template_dict *group = add_group(p, a, r, 0), *row = NULL;
    const char *project = NULL;
    long shown = 0;
    for (int i = 0; i < db_result_rows(r); i++) {
        if (i && *a->group && !same(db_value(r, i, "group_name"), db_value(r, i - 1, "group_name")))
            group = add_group(p, a, r, i);
        const char *next = db_value(r, i, "project");
        if (!project || strcmp(project, next) != 0) {
            project = next;
            row = template_section(group, "ROW");
            SET(row, rows, i, project);
            page_set(row, "RELEASED", db_value(r, i, "released"));
            shown++;
        }
        add_cell(row, rows, i, a->target != NULL);
    }
    return shown;
}

static const char *param_or_null(const struct page *p, const char *name)
{
    const char *value = page_param(p, name);
    return *value ? value : NULL;
}

static int query_rows(struct page *p, const struct series_asked *a, struct db_result **r,
                      struct err *e)
{
    return db_call(p->app->db, &query_page_cells, r, e, p->series, a->target, *a->at ? a->at : NULL,
                   param_or_null(p, "state"), param_or_null(p, "behind"),
                   param_or_null(p, "carries"), param_or_null(p, "team"), param_or_null(p, "type"),
                   param_or_null(p, "masked"), param_or_null(p, "unreleased"),
                   param_or_null(p, "q"), a->field, a->sort_target, a->down ? "down" : NULL,
                   *a->group ? a->group : NULL, a->changed ? a->today : NULL,
                   param_or_null(p, "awaited"));
}

int series_add_rows(struct page *p, const struct series_asked *a, long *shown, struct err *e)
{
    struct db_result *r = NULL;
    if (query_rows(p, a, &r, e))
        return -1;
    struct rows rows = {.r = r};
    find_columns(r, project_fields, COUNT(project_fields), rows.project);
    find_columns(r, cell_fields, COUNT(cell_fields), rows.cell);
    find_columns(r, compare_fields, COUNT(compare_fields), rows.compare);
    *shown = add_rows(p, a, &rows);
    template_set_int(p->content, "SHOWN", *shown);
    db_result_free(r);
    return 0;
}
