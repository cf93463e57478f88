// SPDX-License-Identifier: Apache-2.0
/* `upstream` of a file of releases.d: where its releases are read from, and how. */
#include <string.h>

#include "core/config/defaults.h"
#include "core/config/reader.h"

static const char *const kinds[] = {UPSTREAM_RELEASES, UPSTREAM_TAGS, UPSTREAM_FILE};

static int parse_kind(struct reader *r, const struct node *n, void *field)
{
    const char *text = reader_text(r, n, "kind");
    if (text == NULL)
        return -1;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(text, kinds[i]) == 0) {
            *(const char **)field = kinds[i];
            return 0;
        }
    return reader_fail(r, n->line, "kind: '%.40s' is none of openstack-releases, git-tags, file",
                       text);
}

/* A glob with one `*`, which stands for the version: `v*`, `release-*`. */
static int parse_tags(struct reader *r, const struct node *n, void *field)
{
    const char *text = reader_text(r, n, "tags");
    if (text == NULL)
        return -1;
    const char *star = strchr(text, '*');
    if (star == NULL || strchr(star + 1, '*') != NULL)
        return reader_fail(r, n->line, "tags: expected one `*`, where the version stands");
    *(const char **)field = text;
    return 0;
}

#define REPOSITORY(name) offsetof(struct config_repository, name)

static const struct setting repository_settings[] = {
    {"repository", parse_location, REPOSITORY(location), NULL, 0, "its address or path"},
    {"tags", parse_tags, REPOSITORY(tags), NULL, 0, "which of its tags are versions"},
    {"project", parse_text, REPOSITORY(project), NULL, 0, "its name on the pages"},
    {"artifact", parse_text, REPOSITORY(artifact), NULL, 0, "the name of its tarball"},
    {"team", parse_text, REPOSITORY(team), NULL, 0, "who makes it"},
    {"type", parse_text, REPOSITORY(type), NULL, 0, "what it is: library, service"},
    {0},
};

static int parse_repository(struct reader *r, const struct node *n, struct config_repository *out)
{
    out->where = reader_where(r, n->line);
    if (n->kind == NODE_SCALAR ? parse_location(r, n, &out->location) != 0
                               : settings_read(r, repository_settings, n, out) != 0)
        return -1;
    return out->location ? 0 : reader_fail(r, n->line, "repositories: one without `repository`");
}

static int parse_repositories(struct reader *r, const struct node *n, void *field)
{
    struct config_upstream *u = field;
    if (reader_expect_list(r, n, "repositories") != 0)
        return -1;
    u->repositories = arena_alloc(&r->c->arena, (n->count + 1) * sizeof(*u->repositories));
    u->repository_count = 0;
    for (const struct node *item = n->first; item != NULL; item = item->next)
        if (parse_repository(r, item, &u->repositories[u->repository_count++]) != 0)
            return -1;
    return 0;
}

#define UPSTREAM(name) offsetof(struct config_upstream, name)

const struct setting config_upstream_settings[] = {
    {"kind", parse_kind, UPSTREAM(kind), UPSTREAM_RELEASES, 0,
     "how releases are read: openstack-releases (a repository with deliverables/SERIES/NAME.yaml), "
     "git-tags (the tags of repositories), file (a YAML list)"},
    {"repository", parse_location, UPSTREAM(repository), NULL, 0,
     "openstack-releases and git-tags: address or path of the repository"},
    {"branch", parse_text, UPSTREAM(branch), DEFAULT_BRANCH, 0, "openstack-releases: its branch"},
    {"repositories", parse_repositories, 0, NULL, 0,
     "git-tags: several repositories, each an address or a map of repository, tags, project, "
     "artifact, team and type"},
    {"tags", parse_tags, UPSTREAM(tags), "\"*\"", 0,
     "git-tags: which tags are versions; the one * stands for the version"},
    {"path", parse_path, UPSTREAM(path), NULL, 0, "file: the list"},
    {"refresh", parse_duration, UPSTREAM(refresh_s), "15m", 0, "how often it is looked at"},
    {0},
};

/* A kind's own settings, and nothing of the others'. */
static int check_kind(struct reader *r, const struct node *n, struct config_upstream *u)
{
    bool is_tags = strcmp(u->kind, UPSTREAM_TAGS) == 0,
         is_file = strcmp(u->kind, UPSTREAM_FILE) == 0;
    bool has_branch = yaml_get(n, "branch") != NULL, has_tags = yaml_get(n, "tags") != NULL;
    if (is_file && u->path == NULL)
        return reader_fail(r, n->line, "upstream: path is missing");
    if (!is_file && u->repository == NULL && u->repository_count == 0)
        return reader_fail(r, n->line, "upstream: repository is missing");
    if (u->repository != NULL && u->repository_count > 0)
        return reader_fail(r, n->line, "upstream: `repository` and `repositories` at once");
    if ((is_file && (u->repository != NULL || has_branch)) || (!is_file && u->path != NULL) ||
        (!is_tags && (u->repository_count > 0 || has_tags)) || (is_tags && has_branch))
        return reader_fail(r, n->line, "upstream: a setting that the kind %s does not have",
                           u->kind);
    return 0;
}

int parse_upstream_series(struct reader *r, const struct node *n, void *field)
{
    struct config_series *s = field;
    struct config_upstream *u = arena_alloc(&r->c->arena, sizeof(*u));
    if (settings_defaults(r, config_upstream_settings, u) != 0 ||
        settings_read(r, config_upstream_settings, n, u) != 0 || check_kind(r, n, u) != 0)
        return -1;
    if (strcmp(u->kind, UPSTREAM_TAGS) == 0 && u->repository != NULL) {
        u->repositories = arena_alloc(&r->c->arena, sizeof(*u->repositories));
        u->repositories[0] = (struct config_repository){.where = reader_where(r, n->line),
                                                        .location = u->repository};
        u->repository_count = 1;
    }
    s->upstream = u;
    return 0;
}
