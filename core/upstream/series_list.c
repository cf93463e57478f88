// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/series_list.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/upstream/reading.h"

/* A day of the calendar that PostgreSQL takes, too: "tbd" or 2025-02-30 is no date. */
static const char *date_or_null(const char *text)
{
    struct tm given = {0}, made;
    if (!text || strlen(text) != 10)
        return NULL;
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return NULL;
    int year = (int)strtol(text, NULL, 10);
    given.tm_year = year - 1900;
    given.tm_mon = (int)strtol(text + 5, NULL, 10) - 1;
    given.tm_mday = (int)strtol(text + 8, NULL, 10);
    made = given;
    if (year < 1 || timegm(&made) == (time_t)-1)
        return NULL;
    return made.tm_mon == given.tm_mon && made.tm_mday == given.tm_mday ? text : NULL;
}

static int read_entry(struct reading *r, const struct node *n, struct series_entry *out)
{
    const char *first, *eol;
    if (n->kind != NODE_MAP)
        return reading_fail(r, n, "a series is no map");
    if (reading_required(r, n, "name", &out->name) ||
        reading_text(r, n, "release-id", &out->release) ||
        reading_text(r, n, "status", &out->status) ||
        reading_text(r, n, "initial-release", &first) || reading_text(r, n, "eol-date", &eol))
        return -1;
    if (!reading_is_name(out->name))
        return reading_fail(r, n, "'%.40s' is no name for a series", out->name);
    out->initial_release = date_or_null(first);
    out->eol_date = date_or_null(eol);
    return 0;
}

/* Oldest first; position holds the place in the file. Without a date: not released yet, newest. */
static int compare_entries(const void *a, const void *b)
{
    const struct series_entry *x = a, *y = b;
    int order = strcmp(x->initial_release ? x->initial_release : "9999",
                       y->initial_release ? y->initial_release : "9999");
    if (order == 0)
        order = strcmp(x->release ? x->release : "", y->release ? y->release : "");
    return order ? order : y->position - x->position;
}

static int check_names(struct reading *r, const struct node *list,
                       const struct series_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(entries[i].name, entries[j].name) == 0)
                return reading_fail(r, list, "the series %s stands twice", entries[i].name);
    return 0;
}

static int read_list(struct reading *r, const struct node *root, struct series_entry **out,
                     size_t *count)
{
    if (root->kind != NODE_LIST)
        return reading_fail(r, root, "the file is no list");
    if (root->count > 1000)
        return reading_fail(r, root, "too many series");
    *out = arena_alloc(r->arena, (root->count + 1) * sizeof **out);
    *count = 0;
    for (const struct node *n = root->first; n; n = n->next) {
        struct series_entry *entry = &(*out)[(*count)++];
        if (read_entry(r, n, entry))
            return -1;
        entry->position = (int)*count;
    }
    if (check_names(r, root, *out, *count))
        return -1;
    qsort(*out, *count, sizeof **out, compare_entries);
    for (size_t i = 0; i < *count; i++)
        (*out)[i].position = (int)i + 1;
    return 0;
}

int series_list_parse(struct arena *a, const char *data, size_t len, struct series_entry **out,
                      size_t *count, int *line, struct err *e)
{
    struct reading r;
    const struct node *root = reading_open(&r, a, data, len, line, e);
    int rc = root ? read_list(&r, root, out, count) : -1;
    reading_close(&r);
    return rc;
}
