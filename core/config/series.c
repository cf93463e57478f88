// SPDX-License-Identifier: Apache-2.0
/* A file of releases.d: one series, or one list, with its targets and exceptions. */
#include <string.h>

#include "core/config/reader.h"

#define FIELD(name) offsetof(struct config_series, name)

static int parse_series_name(struct reader *r, const struct node *n, void *field)
{
    static const char *const reserved[] = {"api",    "static",  "project", "queue",    "jobs",
                                           "health", "metrics", "todo",    "feed.atom"};
    struct config_series *s = field;
    const char *name = reader_text(r, n, n->key);
    if (name == NULL)
        return -1;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (strcmp(name, reserved[i]) == 0)
            return reader_fail(r, n->line, "a series cannot be named '%s': a page has that address",
                               name);
    if (!reader_is_name(name))
        return reader_fail(r, n->line, "'%.80s' is no name for a series", name);
    if (s->name != NULL)
        return reader_fail(r, n->line, "`series` and `list` in one file");
    s->name = name;
    s->is_list = strcmp(n->key, "list") == 0;
    s->where = reader_where(r, n->line);
    return 0;
}

const struct setting config_series_settings[] = {
    {"series", parse_series_name, 0, NULL, 0, "the series' name upstream"},
    {"list", parse_series_name, 0, NULL, 0, "in the place of `series`: a list that is no series"},
    {"targets", parse_targets, 0, NULL, 0, "names from `suites`, or name: apt lines"},
    {"mask", parse_masks_series, 0, NULL, 0, "what is deliberately not packaged, for this series"},
    {"naming.prefixes", parse_prefixes, FIELD(naming.prefixes), NULL, 0,
     "as in deb-status.yaml, for this file alone"},
    {"naming.either", parse_either, FIELD(naming.either), NULL, 0,
     "as in deb-status.yaml, for this file alone"},
    {"names", parse_names, FIELD(names), NULL, 0, "source packages that the rules do not find"},
    {"upstream", parse_upstream_series, 0, NULL, 0, "where this file's releases are read from"},
    {"team", parse_teams_series, 0, NULL, 0, "whose packages count, for this file alone"},
    {0},
};

int config_read_series(struct reader *r, const struct node *root)
{
    struct config *c = r->c;
    struct config_series *s = &c->series[c->series_count];
    s->naming = c->naming;
    if (settings_read(r, config_series_settings, root, s) != 0)
        return -1;
    if (s->name == NULL)
        return reader_fail(r, 1, "expected `series: NAME`");
    for (size_t i = 0; i < c->series_count; i++)
        if (strcmp(c->series[i].name, s->name) == 0)
            return reader_fail(r, s->where.line, "series '%.80s' stands in %s, too", s->name,
                               c->series[i].where.file);
    c->series_count++;
    return 0;
}
