// SPDX-License-Identifier: Apache-2.0
/* `mirror-defaults` and `mirrors`: build hosts whose suites we publish. */
#include <ctype.h>
#include <string.h>

#include "core/config/reader.h"

static int parse_state(struct reader *r, const struct node *n, void *field)
{
    const char *text = reader_text(r, n, "state");
    if (text == NULL)
        return -1;
    if (strcmp(text, "active") != 0 && strcmp(text, "frozen") != 0)
        return reader_fail(r, n->line, "state: '%.40s' is neither active nor frozen", text);
    *(bool *)field = strcmp(text, "frozen") == 0;
    return 0;
}

/* Suites become folders of the archive: one component, nothing that leads out of it. */
static int parse_mirror_suites(struct reader *r, const struct node *n, void *field)
{
    struct config_strings *suites = field;
    if (parse_strings(r, n, field) != 0)
        return -1;
    for (size_t i = 0; r->name != NULL && i < suites->count; i++)
        if (!reader_is_name(suites->items[i]) || suites->items[i][0] == '_')
            return reader_fail(r, n->line, "'%.80s' is no name of a suite", suites->items[i]);
    return 0;
}

#define FIELD(name) offsetof(struct config_mirror, name)

const struct setting config_mirror_settings[] = {
    {"from", parse_location, FIELD(from), NULL, 0,
     "rsync://HOST/MODULE, HOST:PATH over ssh, or a path"},
    {"suites", parse_mirror_suites, FIELD(suites), NULL, 0, "the suites taken from there"},
    {"signed-by", parse_path, FIELD(signed_by), NULL, 0, "the host's key, binary or armoured"},
    {"host", parse_text, FIELD(host), NULL, 0, "only the worker of this host runs its jobs"},
    {"state", parse_state, FIELD(frozen), "active", 0,
     "active, or frozen: served, neither swept nor announced"},
    {"replace", parse_bool, FIELD(replace), "false", 0, "may a published file change its content"},
    {"sources", parse_strings, FIELD(sources), "[\"*\"]", 0,
     "globs of source packages it may bring"},
    {"release.origin", parse_text, FIELD(release.origin), NULL, 0, "Origin of our own Release"},
    {"release.label", parse_text, FIELD(release.label), NULL, 0, "Label of our own Release"},
    {"release.suite", parse_text, FIELD(release.suite), NULL, 0, "Suite of our own Release"},
    {"release.codename", parse_text, FIELD(release.codename), NULL, 0,
     "Codename of our own Release"},
    {"release.components", parse_words, FIELD(release.components), NULL, 0,
     "Components of our own Release"},
    {"release.architectures", parse_words, FIELD(release.architectures), NULL, 0,
     "Architectures of our own Release"},
    {"release.not-automatic", parse_yes, FIELD(release.not_automatic), NULL, 0,
     "NotAutomatic: yes in our own Release"},
    {"release.but-automatic-upgrades", parse_yes, FIELD(release.but_automatic_upgrades), NULL, 0,
     "ButAutomaticUpgrades: yes in our own Release"},
    {"ssh.key", parse_path, FIELD(ssh_key), NULL, 0, "private key for HOST:PATH"},
    {"ssh.known-hosts", parse_path, FIELD(ssh_known_hosts), NULL, 0, "known_hosts for HOST:PATH"},
    {"limits.bytes", parse_bytes, FIELD(limit_bytes), "20G", 0, "bytes of one transfer"},
    {"limits.files", parse_number, FIELD(limit_files), "200000", 0, "files of one transfer"},
    {"limits.time", parse_duration, FIELD(limit_time_s), "30m", 0,
     "length of one run; a host that sends nothing for 60s, or a quarter of it, is given up"},
    {0},
};

int parse_mirror_defaults(struct reader *r, const struct node *n, void *field)
{
    (void)field;
    /* read for its errors; each mirror reads it again with its own {name} */
    struct config_mirror unused = {0};
    return settings_read(r, config_mirror_settings, n, &unused);
}

static int check_mirror(struct reader *r, const struct config_mirror *m)
{
    const char *missing = m->from == NULL         ? "from"
                          : m->suites.count == 0  ? "suites"
                          : m->signed_by == NULL  ? "signed-by"
                          : m->sources.count == 0 ? "sources"
                                                  : NULL;
    if (missing != NULL)
        return reader_fail(r, m->where.line, "mirror '%.80s' has no %s", m->name, missing);
    return 0;
}

static int parse_mirror(struct reader *r, const struct node *n, struct config_mirror *m)
{
    const struct node *defaults = yaml_get(r->root, "mirror-defaults");
    m->where = reader_where(r, n->key_line);
    m->name = n->key;
    if (!reader_is_name(m->name) || *m->name == '_')
        return reader_fail(r, n->key_line, "'%.80s' is no name for a mirror", m->name);
    r->name = m->name;
    int rc = settings_defaults(r, config_mirror_settings, m);
    if (rc == 0 && !yaml_is_null(defaults))
        rc = settings_read(r, config_mirror_settings, defaults, m);
    if (rc == 0 && !yaml_is_null(n))
        rc = settings_read(r, config_mirror_settings, n, m);
    r->name = NULL;
    return rc == 0 ? check_mirror(r, m) : -1;
}

int parse_mirrors(struct reader *r, const struct node *n, void *field)
{
    struct config *c = field;
    if (reader_expect_map(r, n, "mirrors") != 0)
        return -1;
    c->mirror_count = 0;
    c->mirrors = arena_alloc(&c->arena, (n->count + 1) * sizeof(*c->mirrors));
    for (const struct node *item = n->first; item != NULL; item = item->next)
        if (parse_mirror(r, item, &c->mirrors[c->mirror_count++]) != 0)
            return -1;
    return 0;
}

/* Where a suite stands a second time at or before mirror m, suite s: the mirror that has it. */
static const struct config_mirror *find_twin(const struct config *c, size_t m, size_t s)
{
    const char *suite = c->mirrors[m].suites.items[s];
    for (size_t i = 0; i <= m; i++)
        for (size_t k = 0; k < (i == m ? s : c->mirrors[i].suites.count); k++)
            if (strcmp(c->mirrors[i].suites.items[k], suite) == 0)
                return &c->mirrors[i];
    return NULL;
}

/* Of Debian's archive, or of our own. */
static bool is_component(const struct config *c, const char *name)
{
    static const char *const debians[] = {"main", "contrib", "non-free", "non-free-firmware"};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof(debians) / sizeof(debians[0]); i++)
        if (strcmp(debians[i], name) == 0)
            return true;
    for (size_t m = 0; m < c->mirror_count; m++)
        for (const char *at = c->mirrors[m].release.components; at != NULL && *at != '\0';) {
            at += strspn(at, " ");
            size_t word = strcspn(at, " ");
            if (word == len && strncmp(at, name, len) == 0)
                return true;
            at += word;
        }
    return false;
}

static int check_suite(struct reader *r, size_t m, size_t s)
{
    const struct config_mirror *mirror = &r->c->mirrors[m], *twin = find_twin(r->c, m, s);
    const char *suite = mirror->suites.items[s];
    if (twin != NULL)
        return reader_fail(r, mirror->where.line,
                           "mirror '%.80s' has suite '%.80s', which mirror '%.80s' has (line %d)",
                           mirror->name, suite, twin->name, twin->where.line);
    /* pool/SUITE/ is its mirror's alone, whatever `sources` says; pool/COMPONENT/ is everybody's */
    if (is_component(r->c, suite))
        return reader_fail(r, mirror->where.line,
                           "mirror '%.80s' has suite '%.80s', which is the name of a component: "
                           "pool/%.80s/ would be that mirror's alone",
                           mirror->name, suite, suite);
    return 0;
}

int config_check_mirrors(struct reader *r)
{
    const struct config *c = r->c;
    if (c->mirror_count > 0 && (c->publish_root == NULL || c->publish_url == NULL))
        return reader_fail(r, c->mirrors[0].where.line,
                           "mirrors need publish.root and publish.url");
    for (size_t m = 0; m < c->mirror_count; m++)
        for (size_t s = 0; s < c->mirrors[m].suites.count; s++)
            if (check_suite(r, m, s) != 0)
                return -1;
    return 0;
}
