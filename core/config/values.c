// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "core/config/reader.h"

/* What errors call the value: its key, or the item of a list. */
static const char *label(const struct node *n)
{
    return n->key ? n->key : "item";
}

/* A copy with each {name} replaced, if r->name is set. */
static const char *expand(struct reader *r, const char *text)
{
    const char *at = r->name ? strstr(text, "{name}") : NULL;
    if (at == NULL)
        return arena_strdup(&r->c->arena, text);
    return arena_printf(&r->c->arena, "%.*s%s%s", (int)(at - text), text, r->name,
                        expand(r, at + strlen("{name}")));
}

int parse_text(struct reader *r, const struct node *n, void *field)
{
    const char *text = reader_text(r, n, label(n));
    if (text == NULL)
        return -1;
    *(const char **)field = *text ? expand(r, text) : NULL;
    return 0;
}

int parse_path(struct reader *r, const struct node *n, void *field)
{
    const char **path = field;
    if (parse_text(r, n, field) != 0)
        return -1;
    if (*path != NULL)
        *path = reader_path(r, *path);
    return 0;
}

int parse_strings(struct reader *r, const struct node *n, void *field)
{
    struct config_strings *strings = field;
    if (reader_expect_list(r, n, label(n)) != 0)
        return -1;
    strings->count = 0;
    strings->items = arena_alloc(&r->c->arena, (n->count + 1) * sizeof(char *));
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        const char *text = reader_text(r, item, label(n));
        if (text == NULL)
            return -1;
        if (*text == '\0')
            return reader_fail(r, item->line, "%s: an empty text", label(n));
        strings->items[strings->count++] = expand(r, text);
    }
    return 0;
}

int parse_paths(struct reader *r, const struct node *n, void *field)
{
    struct config_strings *strings = field;
    if (parse_strings(r, n, field) != 0)
        return -1;
    for (size_t i = 0; i < strings->count; i++)
        strings->items[i] = reader_path(r, strings->items[i]);
    return 0;
}

int parse_location(struct reader *r, const struct node *n, void *field)
{
    const char **location = field;
    if (parse_text(r, n, field) != 0)
        return -1;
    if (*location != NULL && strchr(*location, ':') == NULL)
        *location = reader_strip_slashes(r, reader_path(r, *location));
    return 0;
}

int parse_url(struct reader *r, const struct node *n, void *field)
{
    const char **url = field;
    if (parse_text(r, n, field) != 0)
        return -1;
    if (*url == NULL)
        return 0;
    if (strncmp(*url, "http://", 7) != 0 && strncmp(*url, "https://", 8) != 0)
        return reader_fail(r, n->line, "%s: expected an address with http:// or https://",
                           label(n));
    *url = reader_strip_slashes(r, *url);
    return 0;
}

int parse_words(struct reader *r, const struct node *n, void *field)
{
    if (n->kind != NODE_LIST)
        return parse_text(r, n, field);
    struct config_strings list;
    if (parse_strings(r, n, &list) != 0)
        return -1;
    const char *joined = "";
    for (size_t i = 0; i < list.count; i++)
        joined = arena_printf(&r->c->arena, "%s%s%s", joined, i ? " " : "", list.items[i]);
    *(const char **)field = *joined ? joined : NULL;
    return 0;
}

int parse_duration(struct reader *r, const struct node *n, void *field)
{
    const char *text = reader_text(r, n, label(n));
    if (text == NULL)
        return -1;
    if (clock_parse_duration(text, field, NULL) != 0 || *(int64_t *)field <= 0)
        return reader_fail(r, n->line, "%s: '%.40s' is no duration such as 30s, 15m, 24h or 90d",
                           label(n), text);
    return 0;
}

/* Decimal digits and nothing before them; *end is behind them. -1: none, or too large. */
static int64_t read_digits(const char *text, const char **end)
{
    errno = 0;
    char *stop;
    long long n = isdigit((unsigned char)*text) ? strtoll(text, &stop, 10) : -1;
    if (n < 0 || errno != 0)
        return -1;
    *end = stop;
    return n;
}

int parse_bytes(struct reader *r, const struct node *n, void *field)
{
    static const char units[] = "KMGT";
    const char *text = reader_text(r, n, label(n));
    if (text == NULL)
        return -1;
    const char *end = "?", *unit = NULL;
    int64_t value = read_digits(text, &end);
    if (value > 0 && *end != '\0')
        unit = strchr(units, toupper((unsigned char)*end));
    int shift = unit ? (int)(unit - units + 1) * 10 : 0;
    if (value <= 0 || end[unit != NULL] != '\0' || value > INT64_MAX >> shift)
        return reader_fail(r, n->line, "%s: '%.40s' is no size such as 65536, 64K, 1M or 20G",
                           label(n), text);
    *(int64_t *)field = value << shift;
    return 0;
}

int parse_number(struct reader *r, const struct node *n, void *field)
{
    const char *text = reader_text(r, n, label(n)), *end = "?";
    if (text == NULL)
        return -1;
    int64_t value = read_digits(text, &end);
    if (value <= 0 || *end != '\0')
        return reader_fail(r, n->line, "%s: '%.40s' is no number over 0", label(n), text);
    *(int64_t *)field = value;
    return 0;
}

int parse_count(struct reader *r, const struct node *n, void *field)
{
    int64_t value;
    if (parse_number(r, n, &value) != 0)
        return -1;
    if (value > 1000)
        return reader_fail(r, n->line, "%s: at most 1000", label(n));
    *(int *)field = (int)value;
    return 0;
}

int parse_bool(struct reader *r, const struct node *n, void *field)
{
    const char *text = reader_text(r, n, label(n));
    if (text == NULL)
        return -1;
    bool yes = strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0;
    if (!yes && strcasecmp(text, "false") != 0 && strcasecmp(text, "no") != 0)
        return reader_fail(r, n->line, "%s: '%.40s' is neither true nor false", label(n), text);
    *(bool *)field = yes;
    return 0;
}

int parse_yes(struct reader *r, const struct node *n, void *field)
{
    bool yes;
    if (parse_bool(r, n, &yes) != 0)
        return -1;
    *(const char **)field = yes ? "yes" : NULL;
    return 0;
}
