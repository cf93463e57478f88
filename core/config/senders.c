// SPDX-License-Identifier: Apache-2.0
/* `senders`: who may POST to the hook, how they sign, and what they may announce. */
#include <ctype.h>
#include <string.h>

#include "core/config/reader.h"

#define BODY_LIMIT_MAX ((int64_t)1 << 20) /* Apache's own limit stands there too */

static int parse_profile(struct reader *r, const struct node *n, void *field)
{
    static const char *const names[] = {"standard", "github", "hmac"};
    static const enum config_profile profiles[] = {PROFILE_STANDARD, PROFILE_GITHUB, PROFILE_HMAC};
    const char *text = reader_text(r, n, "profile");
    if (text == NULL)
        return -1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0) {
            *(enum config_profile *)field = profiles[i];
            return 0;
        }
    return reader_fail(r, n->line, "profile: '%.40s' is none of standard, github, hmac", text);
}

static int parse_header(struct reader *r, const struct node *n, void *field)
{
    const char *text = reader_text(r, n, "header");
    if (text == NULL)
        return -1;
    for (const char *p = text; *p != '\0'; p++)
        if (!isalnum((unsigned char)*p) && *p != '-')
            return reader_fail(r, n->line, "header: '%.80s' is no name of a header", text);
    *(const char **)field = *text ? text : NULL;
    return 0;
}

static int parse_body_limit(struct reader *r, const struct node *n, void *field)
{
    if (parse_bytes(r, n, field) != 0)
        return -1;
    if (*(int64_t *)field > BODY_LIMIT_MAX)
        return reader_fail(r, n->line, "body-limit: at most 1M");
    return 0;
}

#define FIELD(name) offsetof(struct config_sender, name)

const struct setting config_sender_settings[] = {
    {"secrets", parse_paths, FIELD(secrets), NULL, 0,
     "files of `deb-status secret`; several while rotating"},
    {"mirrors", parse_strings, FIELD(mirrors), NULL, 0,
     "mirrors it may announce; its own name when left out"},
    {"releases", parse_bool, FIELD(releases), "false", 0, "may POST releases.changed"},
    {"profile", parse_profile, FIELD(profile), "standard", 0, "standard, github or hmac"},
    {"header", parse_header, FIELD(header), NULL, 0, "profile hmac: the header with the signature"},
    {"projects", parse_strings, FIELD(projects), "[]", 0,
     "GitLab: globs of projects whose pushes become events"},
    {"body-limit", parse_body_limit, FIELD(body_limit), "64K", 0, "largest body, at most 1M"},
    {0},
};

static int check_sender(struct reader *r, const struct config_sender *s)
{
    if (s->secrets.count == 0)
        return reader_fail(r, s->where.line, "sender '%.80s' has no secrets", s->name);
    if (s->profile == PROFILE_HMAC && s->header == NULL)
        return reader_fail(r, s->where.line, "sender '%.80s' with profile hmac has no header",
                           s->name);
    if (s->profile != PROFILE_HMAC && s->header != NULL)
        return reader_fail(r, s->where.line, "sender '%.80s': header is for profile hmac alone",
                           s->name);
    return 0;
}

static int parse_sender(struct reader *r, const struct node *n, struct config_sender *s)
{
    s->where = reader_where(r, n->key_line);
    s->name = n->key;
    if (!reader_is_name(s->name))
        return reader_fail(r, n->key_line, "'%.80s' is no name for a sender", s->name);
    if (settings_defaults(r, config_sender_settings, s) != 0)
        return -1;
    r->name = s->name;
    int rc = yaml_is_null(n) ? 0 : settings_read(r, config_sender_settings, n, s);
    r->name = NULL;
    if (rc != 0)
        return -1;
    if (s->mirrors.items == NULL) {
        s->mirrors.items = arena_alloc(&r->c->arena, sizeof(char *));
        s->mirrors.items[0] = s->name;
        s->mirrors.count = 1;
    }
    return check_sender(r, s);
}

int parse_senders(struct reader *r, const struct node *n, void *field)
{
    struct config *c = field;
    if (reader_expect_map(r, n, "senders") != 0)
        return -1;
    c->sender_count = 0;
    c->senders = arena_alloc(&c->arena, (n->count + 1) * sizeof(*c->senders));
    for (const struct node *item = n->first; item != NULL; item = item->next)
        if (parse_sender(r, item, &c->senders[c->sender_count++]) != 0)
            return -1;
    return 0;
}
