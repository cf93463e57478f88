// SPDX-License-Identifier: Apache-2.0
#include "core/rules/names.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

struct list {
    struct arena *arena;
    struct name_candidate *out;
    size_t count;
};

static void add(struct list *l, const char *rule, const char *name)
{
    if (name == NULL || *name == '\0' || l->count == NAMES_MAX)
        return;
    for (size_t i = 0; i < l->count; i++)
        if (strcmp(l->out[i].name, name) == 0)
            return;
    l->out[l->count++] = (struct name_candidate){rule, name};
}

/* Source package names (Policy 5.6.1) have neither capitals nor underscores. */
static char *package_form(struct arena *a, const char *name)
{
    char *copy = arena_strdup(a, name);
    for (char *p = copy; *p != '\0'; p++)
        *p = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
    return copy;
}

static const char *without(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

/* The one of a pair of prefixes in the place of the other. The longer one is looked for first: it
 * begins with the shorter. */
static bool add_other(struct list *l, const struct name_pair *pair, const char *name)
{
    const char *rest = without(name, pair->value);
    if (rest != NULL) {
        add(l, "prefix", arena_printf(l->arena, "%s%s", pair->key, rest));
        return true;
    }
    rest = without(name, pair->key);
    if (rest != NULL)
        add(l, "prefix", arena_printf(l->arena, "%s%s", pair->value, rest));
    return rest != NULL;
}

static void add_prefixed(struct list *l, const struct name_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->either_count; i++)
        if (add_other(l, &rules->either[i], name))
            return;
    for (size_t i = 0; i < rules->prefix_count; i++) {
        const char *rest = without(name, rules->prefixes[i]);
        add(l, "prefix",
            rest != NULL ? rest : arena_printf(l->arena, "%s%s", rules->prefixes[i], name));
    }
}

size_t names_candidates(struct arena *a, const struct name_rules *rules, const char *repo,
                        const char *artifact, const char *configured,
                        struct name_candidate out[NAMES_MAX])
{
    struct list l = {a, out, 0};
    if (configured != NULL) {
        add(&l, "config", arena_strdup(a, configured));
        return l.count;
    }
    const char *slash = strrchr(repo, '/');
    const char *name = package_form(a, slash ? slash + 1 : repo);
    const char *tarball = package_form(a, artifact ? artifact : "");
    add(&l, "name", name);
    add(&l, "artifact", tarball);
    add_prefixed(&l, rules, name);
    if (*tarball != '\0')
        add_prefixed(&l, rules, tarball);
    return l.count;
}

/* ---- Homepage ---- */

struct forge {
    const char *host;
    bool nested; /* groups within groups, a repo may lie deeper than two */
};

static const struct forge forges[] = {
    {"opendev.org", false},     {"github.com", false},    {"www.github.com", false},
    {"codeberg.org", false},    {"bitbucket.org", false}, {"gitlab.com", true},
    {"salsa.debian.org", true},
};
static const struct forge any_git = {"git.", false}; /* git.example.org */

static const struct forge *find_forge(const char *host, size_t len)
{
    for (size_t i = 0; i < sizeof(forges) / sizeof(forges[0]); i++)
        if (strlen(forges[i].host) == len && strncasecmp(forges[i].host, host, len) == 0)
            return &forges[i];
    return len > 4 && strncasecmp(host, any_git.host, 4) == 0 ? &any_git : NULL;
}

/* Behind scheme, user and host: the path, with its leading slashes off. NULL: no forge's. */
static const char *forge_path(const char *address, const struct forge **forge)
{
    const char *scheme = strstr(address, "://");
    const char *host = scheme ? scheme + 3 : address;
    size_t len = strcspn(host, "/?#");
    const char *at = memchr(host, '@', len);
    if (at != NULL) {
        len -= (size_t)(at + 1 - host);
        host = at + 1;
    }
    const char *colon = memchr(host, ':', len);
    *forge = find_forge(host, colon ? (size_t)(colon - host) : len);
    if (*forge == NULL)
        return NULL;
    const char *path = host + len;
    return path + strspn(path, "/");
}

/* Cuts the path behind the repository: two parts, or, in nested groups, all before `/-/`. */
static char *repo_path(struct arena *a, const char *path, bool nested)
{
    if (strncmp(path, "cgit/", 5) == 0) /* git.example.org/cgit/team/nova */
        path += 5;
    char *repo = arena_alloc(a, strcspn(path, "?# \t\r\n") + 1);
    size_t used = 0, parts = 0;
    const char *end = path + strcspn(path, "?# \t\r\n");
    while (path < end && (nested || parts < 2)) {
        size_t len = strcspn(path, "/");
        if (len > (size_t)(end - path))
            len = (size_t)(end - path);
        if (len == 1 && *path == '-')
            break;
        if (len > 0) {
            if (parts++ > 0)
                repo[used++] = '/';
            for (size_t i = 0; i < len; i++)
                repo[used++] = (char)tolower((unsigned char)path[i]);
        }
        path += len + (path + len < end);
    }
    return parts >= 2 ? repo : NULL;
}

bool names_homepage_repo(struct arena *a, const char *homepage, const char **repo,
                         const char **last)
{
    const struct forge *forge;
    const char *path = forge_path(homepage, &forge);
    char *found = path ? repo_path(a, path, forge->nested) : NULL;
    if (found == NULL)
        return false;
    size_t len = strlen(found);
    if (len > 4 && strcmp(found + len - 4, ".git") == 0)
        found[len - 4] = '\0';
    const char *slash = strrchr(found, '/');
    if (slash[1] == '\0')
        return false;
    *repo = found;
    *last = slash + 1;
    return true;
}
