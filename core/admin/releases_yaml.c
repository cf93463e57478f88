// SPDX-License-Identifier: Apache-2.0
#include "core/admin/releases_yaml.h"

#include <ctype.h>
#include <string.h>

#include "core/base/name.h"
#include "core/format/yaml.h"

#define LINES_MAX 64 /* of an entry */

static int fail(struct err *e, int line, const char *entry, const char *why)
{
    return err_set(e, ERR_INPUT, "line %d: %.80s: %s", line, entry, why);
}

/* ---- the series and the target of an entry ---- */

static const char *lower(struct arena *a, const char *text, size_t len)
{
    char *copy = arena_strndup(a, text, len);
    for (char *p = copy; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return copy;
}

static bool is_name(const char *text)
{
    return name_is_plain(text, strlen(text));
}

/* A text, or the first of a list. */
static const char *first_text(const struct node *n)
{
    return n && n->kind == NODE_LIST ? yaml_text(n->first) : yaml_text(n);
}

/* The last part of os_ver_uri, `.html` and slashes off; else what follows the first hyphen of the
 * key; else the key. */
static const char *series_of(struct arena *a, const struct node *entry)
{
    const char *uri = first_text(yaml_get(entry, "os_ver_uri"));
    if (uri) {
        size_t len = strlen(uri);
        while (len > 0 && uri[len - 1] == '/')
            len--;
        if (len > 5 && strncmp(uri + len - 5, ".html", 5) == 0)
            len -= 5;
        size_t from = len;
        while (from > 0 && uri[from - 1] != '/')
            from--;
        return lower(a, uri + from, len - from);
    }
    const char *hyphen = strchr(entry->key, '-');
    const char *name = hyphen ? hyphen + 1 : entry->key;
    return lower(a, name, strlen(name));
}

/* text without `-series` at its end; NULL if it has no such end. */
static const char *without_series(struct arena *a, const char *text, const char *series)
{
    size_t len = strlen(text), end = strlen(series);
    if (len <= end + 1 || text[len - end - 1] != '-' || strcmp(text + len - end, series) != 0)
        return NULL;
    return arena_strndup(a, text, len - end - 1);
}

/* The suite of an apt line, options passed over; NULL: it has none. */
static const char *suite_of(struct arena *a, const char *line)
{
    const char *options = strchr(line, '['), *end = options ? strchr(options, ']') : NULL;
    const char *p = end ? end + 1 : line + strcspn(line, " \t");
    for (int word = 0; word < 2; word++) {
        p += strspn(p, " \t");
        size_t len = strcspn(p, " \t");
        if (word == 1 && len > 0)
            return arena_strndup(a, p, len);
        p += len;
    }
    return NULL;
}

/* The key without its series; if the key is the series alone, the suite's first part. */
static const char *target_of(struct arena *a, const struct node *entry, const char *series,
                             const struct releases_target *t)
{
    const char *key = lower(a, entry->key, strlen(entry->key));
    const char *name = without_series(a, key, series);
    if (name)
        return name;
    if (strcmp(key, series) != 0)
        return key;
    const char *suite = suite_of(a, t->lines[0]);
    const char *at = suite ? strstr(suite, series) : NULL;
    if (at && at > suite + 1 && at[-1] == '-')
        return arena_strndup(a, suite, (size_t)(at - suite) - 1);
    return suite ? suite : key;
}

/* ---- apt lines ---- */

static int add_line(struct arena *a, struct releases_target *t, const char *line, struct err *e)
{
    if (!t->lines)
        t->lines = arena_alloc(a, LINES_MAX * sizeof *t->lines);
    for (size_t i = 0; i < t->line_count; i++)
        if (strcmp(t->lines[i], line) == 0)
            return 0;
    if (t->line_count == LINES_MAX)
        return err_set(e, ERR_INPUT, "more than %d lines", LINES_MAX);
    t->lines[t->line_count++] = line;
    return 0;
}

/* http://host/debian/dists/SUITE/main/source/Sources.gz as an apt line; NULL: it is no such one. */
static const char *line_of_sources(struct arena *a, const char *uri)
{
    const char *dists = strstr(uri, "/dists/"), *suite = dists ? dists + 7 : "";
    const char *source = strstr(suite, "/source/Sources");
    const char *component = source;
    while (component && component > suite && component[-1] != '/')
        component--;
    if (!component || component <= suite + 1)
        return NULL;
    return arena_printf(a, "deb %.*s %.*s %.*s", (int)(dists - uri), uri,
                        (int)(component - suite - 1), suite, (int)(source - component), component);
}

static int take_lines(struct arena *a, const struct node *n, bool of_sources, const char *entry,
                      struct releases_target *t, struct err *e)
{
    const struct node *item = n->kind == NODE_LIST ? n->first : n;
    for (; item; item = n->kind == NODE_LIST ? item->next : NULL) {
        const char *text = yaml_text(item);
        const char *line = text && of_sources ? line_of_sources(a, text) : text;
        if (!line || !*line)
            return fail(e, item->line, entry,
                        of_sources ? "not the address of a Sources file" : "not an apt line");
        if (add_line(a, t, line, e))
            return fail(e, item->line, entry, "too many lines");
    }
    return 0;
}

static int read_lines(struct arena *a, const struct node *entry, struct releases_target *t,
                      struct err *e)
{
    const struct node *apt = yaml_get(entry, "apt");
    const struct node *sources = yaml_get(entry, "deb_os_ver_uri");
    if (!yaml_is_null(apt))
        return take_lines(a, apt, false, entry->key, t, e);
    if (!yaml_is_null(sources))
        return take_lines(a, sources, true, entry->key, t, e);
    return add_line(a, t,
                    arena_printf(a, "deb http://%s.debian.net/debian %s-backports main", entry->key,
                                 entry->key),
                    e) ||
                   add_line(a, t,
                            arena_printf(a,
                                         "deb http://%s.debian.net/debian "
                                         "%s-backports-nochange main",
                                         entry->key, entry->key),
                            e)
               ? -1
               : 0;
}

/* ---- the whole ---- */

static struct releases_series *find_series(struct arena *a, struct releases_series **list,
                                           const char *name)
{
    for (; *list; list = &(*list)->next)
        if (strcmp((*list)->name, name) == 0)
            return *list;
    *list = arena_alloc(a, sizeof **list);
    (*list)->name = name;
    return *list;
}

static int add_target(struct releases_series *s, struct releases_target *t)
{
    struct releases_target **at = &s->targets;
    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->name, t->name) == 0)
            return -1;
    *at = t;
    return 0;
}

static int read_entry(struct arena *a, const struct node *entry, struct releases_series **list,
                      struct err *e)
{
    struct releases_target *t = arena_alloc(a, sizeof *t);
    if (!is_name(entry->key))
        return fail(e, entry->key_line, entry->key, "not the name of a release");
    if (entry->kind != NODE_MAP && !yaml_is_null(entry))
        return fail(e, entry->line, entry->key, "expected a map with os_ver_uri and apt");
    const char *series = series_of(a, entry);
    if (!is_name(series))
        return fail(e, entry->key_line, entry->key, "os_ver_uri does not end in a series");
    if (read_lines(a, entry, t, e))
        return -1;
    if (t->line_count == 0)
        return fail(e, entry->key_line, entry->key, "no apt line");
    t->name = target_of(a, entry, series, t);
    if (!is_name(t->name))
        return fail(e, entry->key_line, entry->key, "no name for its target can be made");
    if (add_target(find_series(a, list, series), t))
        return fail(e, entry->key_line, entry->key, "an entry before it is the same target");
    return 0;
}

struct releases_series *releases_read(struct arena *a, const char *text, size_t len, struct err *e)
{
    struct releases_series *list = NULL;
    const struct node *root = yaml_parse(a, text, len, &yaml_default_limits, NULL, e);
    if (!root)
        return NULL;
    for (const struct node *n = root->kind == NODE_MAP ? root->first : NULL; n; n = n->next)
        if (read_entry(a, n, &list, e))
            return NULL;
    if (!list)
        err_set(e, ERR_INPUT, "line 1: no entry `<distro>-<series>:`");
    return list;
}

/* A scalar of a YAML list: quoted if a plain one would be something else. */
static void write_scalar(struct buf *out, const char *text)
{
    bool plain = isalpha((unsigned char)*text) && !strstr(text, ": ") && !strstr(text, " #") &&
                 text[strlen(text) - 1] != ':' && text[strlen(text) - 1] != ' ';
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        plain = plain && *p >= 0x20 && *p != 0x7f;
    if (plain) {
        buf_add_str(out, text);
        return;
    }
    buf_add_char(out, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            buf_addf(out, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f)
            buf_addf(out, "\\x%02x", *p);
        else
            buf_add_char(out, (char)*p);
    }
    buf_add_char(out, '"');
}

/* A key or the name of a series: names are plain, but for what YAML takes for a number or a word.
 */
static void write_name(struct buf *out, const char *name)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no", "on", "off"};
    bool quoted = !isalpha((unsigned char)*name);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        quoted |= strcmp(name, words[i]) == 0;
    buf_addf(out, quoted ? "\"%s\"" : "%s", name);
}

void releases_write(const struct releases_series *s, struct buf *out)
{
    buf_add_str(out, "series: ");
    write_name(out, s->name);
    buf_add_str(out, "\ntargets:\n");
    for (const struct releases_target *t = s->targets; t; t = t->next) {
        buf_add_str(out, "  ");
        write_name(out, t->name);
        buf_add_str(out, ":\n");
        for (size_t i = 0; i < t->line_count; i++) {
            buf_add_str(out, "    - ");
            write_scalar(out, t->lines[i]);
            buf_add_char(out, '\n');
        }
    }
}
