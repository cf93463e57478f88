// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/name.h"
#include "core/base/utf8.h"

const struct node *reading_open(struct reading *r, struct arena *a, const char *data, size_t len,
                                int *line, struct err *e)
{
    *r = (struct reading){.arena = a, .line = line, .e = e};
    const struct node *root = yaml_parse(&r->nodes, data, len, &yaml_default_limits, line, e);
    if (!root)
        utf8_clean(e->text);
    return root;
}

void reading_close(struct reading *r)
{
    arena_free(&r->nodes);
}

int reading_fail(struct reading *r, const struct node *n, const char *format, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    utf8_clean(text); /* a quoted word may have been cut in the middle of a character */
    *r->line = n->line;
    return err_set(r->e, ERR_INPUT, "line %d: %s", n->line, text);
}

int reading_text(struct reading *r, const struct node *map, const char *key, const char **out)
{
    const struct node *n = yaml_get(map, key);
    *out = NULL;
    if (yaml_is_null(n))
        return 0;
    const char *text = yaml_text(n);
    if (!text)
        return reading_fail(r, n, "%s is no text", key);
    size_t len = strlen(text);
    if (len > READING_TEXT_MAX)
        return reading_fail(r, n, "%s is too long", key);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return reading_fail(r, n, "%s has a control character", key);
    *out = arena_strndup(r->arena, text, len);
    return 0;
}

int reading_required(struct reading *r, const struct node *map, const char *key, const char **out)
{
    if (reading_text(r, map, key, out))
        return -1;
    return *out && **out ? 0 : reading_fail(r, map, "%s is missing", key);
}

int reading_collection(struct reading *r, const struct node *map, const char *key,
                       enum yaml_kind kind, const struct node **out)
{
    const struct node *n = yaml_get(map, key);
    *out = NULL;
    if (yaml_is_null(n))
        return 0;
    if (n->kind != kind)
        return reading_fail(r, n, "%s is no %s", key, kind == NODE_LIST ? "list" : "map");
    *out = n;
    return 0;
}

static bool is_part(const char *s, size_t len)
{
    return len <= READING_NAME_MAX && name_is_plain(s, len);
}

bool reading_is_name(const char *s)
{
    return is_part(s, strlen(s));
}

bool reading_is_repo(const char *s)
{
    if (strlen(s) > READING_REPO_MAX)
        return false;
    for (;;) {
        size_t len = strcspn(s, "/");
        if (!is_part(s, len))
            return false;
        if (s[len] == '\0')
            return true;
        s += len + 1;
    }
}

const char *reading_last_part(const char *repo)
{
    const char *slash = strrchr(repo, '/');
    return slash ? slash + 1 : repo;
}
