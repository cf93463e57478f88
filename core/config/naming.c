// SPDX-License-Identifier: Apache-2.0
/* `naming` and `names`: how a project's source package is called, and the exceptions. */
#include <ctype.h>
#include <string.h>

#include "core/config/reader.h"

#define PREFIXES_MAX 7 /* of a repository and its artifact, NAMES_MAX forms in all */

/* Part of a source package's name (Policy 5.6.1). */
static bool is_name_part(const char *text)
{
    return *text != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-")] == '\0';
}

/* Policy 5.6.1. */
static bool is_source_name(const char *name)
{
    return (islower((unsigned char)*name) || isdigit((unsigned char)*name)) && name[1] != '\0' &&
           is_name_part(name);
}

int parse_names(struct reader *r, const struct node *n, void *field)
{
    struct config_pairs *names = field;
    if (reader_expect_map(r, n, "names") != 0)
        return -1;
    names->count = 0;
    names->items = arena_alloc(&r->c->arena, (n->count + 1) * sizeof(*names->items));
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        const char *source = reader_text(r, item, item->key);
        if (source == NULL)
            return -1;
        const char *slash = strchr(item->key, '/'); /* a list's project may have none */
        if (*item->key == '\0' || slash == item->key || (slash != NULL && slash[1] == '\0'))
            return reader_fail(r, item->key_line,
                               "names: '%.80s' is no repository such as team/name", item->key);
        if (!is_source_name(source))
            return reader_fail(r, item->line, "names: '%.80s' is no name of a source package",
                               source);
        names->items[names->count++] = (struct config_pair){item->key, source};
    }
    return 0;
}

int parse_prefixes(struct reader *r, const struct node *n, void *field)
{
    struct config_strings *prefixes = field;
    if (parse_strings(r, n, field) != 0)
        return -1;
    if (prefixes->count > PREFIXES_MAX)
        return reader_fail(r, n->line, "prefixes: at most %d", PREFIXES_MAX);
    for (size_t i = 0; i < prefixes->count; i++)
        if (!is_name_part(prefixes->items[i]))
            return reader_fail(r, n->line, "prefixes: '%.80s' begins no name of a source package",
                               prefixes->items[i]);
    return 0;
}

int parse_either(struct reader *r, const struct node *n, void *field)
{
    struct config_pairs *pairs = field;
    if (reader_expect_map(r, n, "either") != 0)
        return -1;
    pairs->count = 0;
    pairs->items = arena_alloc(&r->c->arena, (n->count + 1) * sizeof(*pairs->items));
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        const char *longer = reader_text(r, item, item->key);
        if (longer == NULL)
            return -1;
        if (!is_name_part(item->key) || !is_name_part(longer) ||
            strlen(longer) <= strlen(item->key) ||
            strncmp(longer, item->key, strlen(item->key)) != 0)
            return reader_fail(r, item->line,
                               "either: expected a prefix, and a longer one that begins with it");
        pairs->items[pairs->count++] = (struct config_pair){item->key, longer};
    }
    return 0;
}
