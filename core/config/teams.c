// SPDX-License-Identifier: Apache-2.0
/* `team`: a map of patterns, a bare word, or a list of such. */
#include <string.h>

#include "core/config/reader.h"

static const struct setting team_settings[] = {
    {"maintainer", parse_text, offsetof(struct config_team, maintainer), NULL, 0,
     "part of Maintainer or Uploaders"},
    {"vcs", parse_text, offsetof(struct config_team, vcs), NULL, 0,
     "part of Vcs-Browser or Vcs-Git"},
    {0},
};

static int parse_team(struct reader *r, const struct node *n, struct config_team *team)
{
    if (n->kind == NODE_SCALAR) {
        const char *word = reader_text(r, n, "team");
        if (word != NULL && *word == '\0')
            return reader_fail(r, n->line, "team: an empty text would match every package");
        team->word = word;
        return word ? 0 : -1;
    }
    if (settings_read(r, team_settings, n, team) != 0)
        return -1;
    if (team->maintainer == NULL && team->vcs == NULL)
        return reader_fail(r, n->line, "team: expected maintainer or vcs");
    return 0;
}

static int parse_teams(struct reader *r, const struct node *n, struct config_team **teams,
                       size_t *count)
{
    size_t n_teams = n->kind == NODE_LIST ? n->count : 1;
    *count = 0;
    *teams = arena_alloc(&r->c->arena, (n_teams + 1) * sizeof(**teams));
    if (n->kind != NODE_LIST)
        return parse_team(r, n, &(*teams)[(*count)++]);
    for (const struct node *item = n->first; item != NULL; item = item->next)
        if (parse_team(r, item, &(*teams)[(*count)++]) != 0)
            return -1;
    return 0;
}

int parse_teams_main(struct reader *r, const struct node *n, void *field)
{
    struct config *c = field;
    return parse_teams(r, n, &c->teams, &c->team_count);
}

int parse_teams_series(struct reader *r, const struct node *n, void *field)
{
    struct config_series *s = field;
    return parse_teams(r, n, &s->teams, &s->team_count);
}
