// SPDX-License-Identifier: Apache-2.0
#include "core/config/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/name.h"

int reader_fail(struct reader *r, int line, const char *format, ...)
{
    char text[800];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    return err_set(r->e, ERR_INPUT, "%s:%d: %s", r->file, line, text);
}

static const char *kind_name(const struct node *n)
{
    if (yaml_is_null(n))
        return "nothing";
    return n->kind == NODE_MAP ? "a map" : n->kind == NODE_LIST ? "a list" : "a single value";
}

int reader_expect_map(struct reader *r, const struct node *n, const char *what)
{
    if (n->kind == NODE_MAP)
        return 0;
    return reader_fail(r, n->line, "%s: expected a map, not %s", what, kind_name(n));
}

int reader_expect_list(struct reader *r, const struct node *n, const char *what)
{
    if (n->kind == NODE_LIST)
        return 0;
    return reader_fail(r, n->line, "%s: expected a list, not %s", what, kind_name(n));
}

const char *reader_text(struct reader *r, const struct node *n, const char *what)
{
    const char *text = yaml_text(n);
    if (text == NULL)
        reader_fail(r, n->line, "%s: expected a text, not %s", what, kind_name(n));
    return text;
}

struct config_where reader_where(const struct reader *r, int line)
{
    return (struct config_where){r->file, line};
}

const char *reader_path(struct reader *r, const char *path)
{
    if (*path == '/')
        return arena_strdup(&r->c->arena, path);
    return arena_printf(&r->c->arena, "%s/%s", r->c->folder, path);
}

const char *reader_strip_slashes(struct reader *r, const char *text)
{
    size_t len = strlen(text);
    while (len > 1 && text[len - 1] == '/')
        len--;
    return arena_strndup(&r->c->arena, text, len);
}

bool reader_is_name(const char *text)
{
    return name_is_plain(text, strlen(text));
}

/* ---- tables ---- */

static const struct setting *find_row(const struct setting *table, const char *name)
{
    for (; table->name != NULL; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

/* Is there a row whose name begins with `name.`? */
static bool is_section(const struct setting *table, const char *name)
{
    size_t len = strlen(name);
    for (; table->name != NULL; table++)
        if (strncmp(table->name, name, len) == 0 && table->name[len] == '.')
            return true;
    return false;
}

static int read_row(struct reader *r, const struct setting *row, const struct node *n, void *base)
{
    if (yaml_is_null(n)) /* `database-read:` with nothing behind it is as if it were not there */
        return 0;
    return row->parse(r, n, (char *)base + row->offset);
}

static int read_section(struct reader *r, const struct setting *table, const char *section,
                        const struct node *map, void *base)
{
    if (reader_expect_map(r, map, *section ? section : "the file") != 0)
        return -1;
    for (const struct node *n = map->first; n != NULL; n = n->next) {
        const char *name =
            arena_printf(&r->c->arena, "%s%s%s", section, *section ? "." : "", n->key);
        const struct setting *row = find_row(table, name);
        if (row == NULL && !is_section(table, name))
            return reader_fail(r, n->key_line, "unknown setting '%.100s'", name);
        if (row != NULL ? read_row(r, row, n, base) != 0
                        : !yaml_is_null(n) && read_section(r, table, name, n, base) != 0)
            return -1;
    }
    return 0;
}

int settings_read(struct reader *r, const struct setting *table, const struct node *map, void *base)
{
    return read_section(r, table, "", map, base);
}

int settings_defaults(struct reader *r, const struct setting *table, void *base)
{
    for (; table->name != NULL; table++) {
        if (table->def == NULL)
            continue;
        const char *text = arena_printf(&r->c->arena, "value: %s\n", table->def);
        struct node *map =
            yaml_parse(&r->c->arena, text, strlen(text), &yaml_default_limits, NULL, r->e);
        if (map == NULL || read_row(r, table, yaml_get(map, "value"), base) != 0)
            return err_context(r->e, "the default of %s", table->name);
    }
    return 0;
}

static const struct node *get_dotted(const struct node *map, const char *name)
{
    char part[64];
    for (const char *dot; map != NULL && (dot = strchr(name, '.')) != NULL; name = dot + 1) {
        snprintf(part, sizeof(part), "%.*s", (int)(dot - name), name);
        map = yaml_get(map, part);
    }
    return map ? yaml_get(map, name) : NULL;
}

int settings_read_parts(struct reader *r, const struct setting *table, unsigned parts,
                        const struct node *map, void *base)
{
    if (reader_expect_map(r, map, "the file") != 0)
        return -1;
    for (; table->name != NULL; table++) {
        const struct node *n = table->parts & parts ? get_dotted(map, table->name) : NULL;
        if (n != NULL && read_row(r, table, n, base) != 0)
            return -1;
    }
    return 0;
}
