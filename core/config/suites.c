// SPDX-License-Identifier: Apache-2.0
/* Apt lines (sources.list(5), one-line format), `suites` and `targets`. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/config/reader.h"

/* Words of a line that is taken apart. */
struct words {
    struct reader *r;
    const char *at;
    int line;
};

static const char *next_word(struct words *w)
{
    w->at += strspn(w->at, " \t");
    size_t len = strcspn(w->at, " \t");
    if (len == 0)
        return NULL;
    const char *word = arena_strndup(&w->r->c->arena, w->at, len);
    w->at += len;
    return word;
}

static int set_option(struct words *w, struct config_suite *s, const char *name, const char *value)
{
    if (strcmp(name, "trusted") == 0 || strncmp(name, "allow-", 6) == 0)
        return reader_fail(w->r, w->line,
                           "option '%s' would take unsigned or weakly signed archives: not allowed",
                           name);
    if (*value == '\0')
        return reader_fail(w->r, w->line, "option '%s' has no value", name);
    if (strcmp(name, "signed-by") == 0)
        s->signed_by = reader_path(w->r, value);
    else if (strcmp(name, "arch") == 0)
        s->arch = value;
    else if (strcmp(name, "check-valid-until") != 0)
        return reader_fail(
            w->r, w->line,
            "unknown option '%.60s': signed-by, check-valid-until and arch are known", name);
    else if (strcasecmp(value, "yes") == 0 || strcasecmp(value, "no") == 0)
        s->check_valid_until = strcasecmp(value, "yes") == 0;
    else
        return reader_fail(w->r, w->line, "check-valid-until: expected yes or no");
    return 0;
}

static int parse_option(struct words *w, struct config_suite *s, const char *word)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    char *name = arena_strndup(&w->r->c->arena, word, len);
    for (char *p = name; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    if (len > 0 && (name[len - 1] == '+' || name[len - 1] == '-'))
        return reader_fail(w->r, w->line, "option '%.60s': only NAME=VALUE is known", word);
    return set_option(w, s, name, equals ? equals + 1 : "");
}

/* `[a=b c=d]`, with or without blanks inside the brackets. */
static int parse_options(struct words *w, struct config_suite *s)
{
    w->at += strspn(w->at, " \t");
    if (*w->at != '[')
        return 0;
    size_t len = strcspn(w->at, "]");
    if (w->at[len] == '\0')
        return reader_fail(w->r, w->line, "an apt line with '[' and no ']'");
    struct words inner = {w->r, arena_strndup(&w->r->c->arena, w->at + 1, len - 1), w->line};
    w->at += len + 1;
    for (const char *word; (word = next_word(&inner)) != NULL;)
        if (parse_option(&inner, s, word) != 0)
            return -1;
    return 0;
}

static int check_uri(struct words *w, const char *uri)
{
    static const char *const schemes[] = {"http://", "https://", "file:/", "copy:/"};
    bool known = false;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        known |= strncmp(uri, schemes[i], strlen(schemes[i])) == 0;
    if (!known)
        return reader_fail(w->r, w->line,
                           "an apt line's address begins with http://, https:// or file:/");
    const char *host = strstr(uri, "://");
    if (host != NULL && memchr(host + 3, '@', strcspn(host + 3, "/")) != NULL)
        return reader_fail(w->r, w->line,
                           "an apt line is shown on pages: no user or password in its address");
    return 0;
}

/* One component of a path: what dists/SUITE may be. */
static bool is_suite(const char *suite)
{
    return isalnum((unsigned char)*suite) &&
           suite[strspn(suite, "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789+.~_-/")] == '\0' &&
           strstr(suite, "..") == NULL && suite[strlen(suite) - 1] != '/';
}

static int parse_components(struct words *w, struct config_suite *s)
{
    s->components.items = arena_alloc(&w->r->c->arena, (strlen(w->at) / 2 + 1) * sizeof(char *));
    for (const char *word; (word = next_word(w)) != NULL;) {
        if (!is_suite(word))
            return reader_fail(w->r, w->line, "'%.60s' is no name of a component", word);
        s->components.items[s->components.count++] = word;
    }
    if (s->components.count == 0)
        return reader_fail(w->r, w->line, "an apt line without component (main)");
    return 0;
}

static int parse_line(struct reader *r, const struct node *n, struct config_suite *s)
{
    const char *line = reader_text(r, n, "apt line");
    if (line == NULL)
        return -1;
    *s = (struct config_suite){
        .where = reader_where(r, n->line), .line = line, .check_valid_until = 1};
    struct words w = {r, line, n->line};
    const char *type = next_word(&w);
    if (type == NULL || (strcmp(type, "deb") != 0 && strcmp(type, "deb-src") != 0))
        return reader_fail(r, n->line,
                           "expected an apt line: deb [options] URI SUITE COMPONENT...");
    if (parse_options(&w, s) != 0)
        return -1;
    const char *uri = next_word(&w);
    s->suite = next_word(&w);
    if (s->suite == NULL)
        return reader_fail(r, n->line,
                           "an apt line without suite: deb [options] URI SUITE COMPONENT...");
    if (!is_suite(s->suite))
        return reader_fail(r, n->line, "'%.60s' is no name of a suite", s->suite);
    if (check_uri(&w, uri) != 0)
        return -1;
    s->uri = reader_strip_slashes(r, uri);
    return parse_components(&w, s);
}

static bool is_same_line(const struct config_suite *a, const struct config_suite *b)
{
    if (strcmp(a->uri, b->uri) != 0 || strcmp(a->suite, b->suite) != 0 ||
        a->components.count != b->components.count)
        return false;
    for (size_t i = 0; i < a->components.count; i++)
        if (strcmp(a->components.items[i], b->components.items[i]) != 0)
            return false;
    return true;
}

static int parse_lines(struct reader *r, const struct node *n, struct config_target *t)
{
    if (reader_expect_list(r, n, t->name) != 0)
        return -1;
    if (n->count == 0)
        return reader_fail(r, n->line, "%s: no apt line", t->name);
    t->suites = arena_alloc(&r->c->arena, n->count * sizeof(*t->suites));
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        struct config_suite *s = &t->suites[t->suite_count];
        if (parse_line(r, item, s) != 0)
            return -1;
        for (size_t i = 0; i < t->suite_count; i++)
            if (is_same_line(&t->suites[i], s))
                return reader_fail(r, item->line, "%s: the same suite twice", t->name);
        t->suite_count++;
    }
    return 0;
}

static int check_target_name(struct reader *r, const char *name, int line)
{
    if (strcmp(name, "changes") == 0 || strcmp(name, "feed.atom") == 0)
        return reader_fail(r, line, "a target cannot be named '%s': a page has that address", name);
    if (!reader_is_name(name))
        return reader_fail(r, line, "'%.80s' is no name for a target", name);
    return 0;
}

int parse_suites(struct reader *r, const struct node *n, void *field)
{
    struct config *c = field;
    if (reader_expect_map(r, n, "suites") != 0)
        return -1;
    c->suite_count = 0;
    c->suites = arena_alloc(&c->arena, (n->count + 1) * sizeof(*c->suites));
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        struct config_target *t = &c->suites[c->suite_count++];
        t->where = reader_where(r, item->key_line);
        t->name = item->key;
        if (check_target_name(r, t->name, item->key_line) != 0 || parse_lines(r, item, t) != 0)
            return -1;
    }
    return 0;
}

static int copy_named(struct reader *r, const char *name, int line, struct config_target *t)
{
    for (size_t i = 0; i < r->c->suite_count; i++)
        if (strcmp(r->c->suites[i].name, name) == 0) {
            *t = r->c->suites[i];
            t->where = reader_where(r, line);
            return 0;
        }
    return reader_fail(r, line, "target '%.80s' has no apt lines, and `suites` does not name it",
                       name);
}

static int parse_target(struct reader *r, const struct node *n, const char *name, int line,
                        struct config_series *s)
{
    struct config_target *t = &s->targets[s->target_count];
    if (check_target_name(r, name, line) != 0)
        return -1;
    for (size_t i = 0; i < s->target_count; i++)
        if (strcmp(s->targets[i].name, name) == 0)
            return reader_fail(r, line, "target '%.80s' stands twice", name);
    s->target_count++;
    if (n == NULL || yaml_is_null(n))
        return copy_named(r, name, line, t);
    *t = (struct config_target){.where = reader_where(r, line), .name = name};
    return parse_lines(r, n, t);
}

int parse_targets(struct reader *r, const struct node *n, void *field)
{
    struct config_series *s = field;
    if (n->kind == NODE_SCALAR)
        return reader_fail(r, n->line, "targets: expected a list of names, or a map");
    s->target_count = 0;
    s->targets = arena_alloc(&r->c->arena, (n->count + 1) * sizeof(*s->targets));
    for (const struct node *item = n->first; item != NULL; item = item->next) {
        const char *name = n->kind == NODE_MAP ? item->key : reader_text(r, item, "targets");
        int line = n->kind == NODE_MAP ? item->key_line : item->line;
        if (name == NULL || parse_target(r, n->kind == NODE_MAP ? item : NULL, name, line, s) != 0)
            return -1;
    }
    return 0;
}
