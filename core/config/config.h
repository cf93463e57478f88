// SPDX-License-Identifier: Apache-2.0
/*
 * The configuration: /etc/deb-status/deb-status.yaml and releases.d/ beside it, read into one
 * struct. Every setting is one row of the table in settings.c (name, parser, default, doc).
 * Unknown keys, wrong types, unreadable files are ERR_INPUT naming file and line. Reads files,
 * touches no database; secrets are read only by config_read_secret.
 */
#ifndef CORE_CONFIG_CONFIG_H
#define CORE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"

#define CONFIG_DEFAULT_PATH "/etc/deb-status/deb-status.yaml"
#define CONFIG_HASH_SIZE    33 /* 128 bits in hexadecimal, and NUL */

struct config_where {
    const char *file; /* as named, relative to the configuration's folder */
    int line;         /* from 1 */
};

struct config_strings {
    const char **items;
    size_t count;
};

struct config_pair {
    const char *key, *value;
};

struct config_pairs {
    struct config_pair *items;
    size_t count;
};

/* Forms of a project's name, see core/rules/names.h. */
struct config_naming {
    struct config_strings prefixes;
    struct config_pairs either;
};

/* One apt line: `deb [options] URI SUITE COMPONENT...`. */
struct config_suite {
    struct config_where where;
    const char *line; /* as written */
    const char *uri, *suite;
    struct config_strings components;
    const char *signed_by; /* absolute, or NULL: archives.keyring */
    const char *arch;      /* or NULL */
    int check_valid_until; /* 1 (default) or 0 */
};

struct config_target {
    struct config_where where;
    const char *name;
    struct config_suite *suites;
    size_t suite_count;
};

struct config_mask {
    struct config_where where;
    const char *pattern; /* deliverable, repo, glob, type:X, team:X, model:X */
    const char *reason;  /* or NULL */
};

struct config_team { /* maintainer and vcs match their fields; word searches all; NULL if unset
                      */
    const char *maintainer, *vcs, *word;
};

struct config_repository { /* one of kind git-tags; NULL if unset */
    struct config_where where;
    const char *location; /* URL or path */
    const char *tags;     /* NULL: the upstream's */
    const char *project, *artifact, *team, *type;
};

/* The kinds of upstream: how releases are read. */
#define UPSTREAM_RELEASES "openstack-releases" /* deliverables/SERIES/NAME.yaml in a repository */
#define UPSTREAM_TAGS     "git-tags"
#define UPSTREAM_FILE     "file"

struct config_upstream {
    const char *kind;       /* UPSTREAM_* */
    const char *repository; /* URL or path; kind git-tags: only for its name, see repositories */
    const char *branch;     /* kind UPSTREAM_RELEASES */
    struct config_repository *repositories; /* kind git-tags: at least one */
    size_t repository_count;
    const char *tags; /* kind git-tags: a glob with one `*`, which is the version */
    const char *path; /* kind file */
    int64_t refresh_s;
};

struct config_series {
    struct config_where where;
    const char *name;
    bool is_list; /* `list: NAME` in the place of `series` */
    struct config_target *targets;
    size_t target_count;
    struct config_mask *masks;
    size_t mask_count;
    struct config_pairs names;
    struct config_naming naming;      /* the main file's, if this one says nothing */
    struct config_upstream *upstream; /* NULL: the main file's */
    struct config_team *teams;        /* NULL: the main file's */
    size_t team_count;
};

struct config_release { /* fields of our own Release; NULL if unset */
    const char *origin, *label, *suite, *codename, *components, *architectures;
    const char *not_automatic, *but_automatic_upgrades;
};

struct config_mirror {
    struct config_where where;
    const char *name;
    const char *from; /* {name} replaced, passwords kept out of errors and logs */
    struct config_strings suites;
    const char *signed_by; /* absolute path */
    const char *host;      /* or NULL: any worker */
    bool frozen;
    bool replace;
    struct config_strings sources; /* globs; default "*" */
    struct config_release release;
    const char *ssh_key, *ssh_known_hosts; /* or NULL */
    int64_t limit_bytes, limit_files, limit_time_s;
};

enum config_profile { PROFILE_STANDARD, PROFILE_GITHUB, PROFILE_HMAC };

struct config_sender {
    struct config_where where;
    const char *name;
    struct config_strings secrets; /* absolute paths */
    struct config_strings mirrors; /* default: its own name */
    bool releases;
    enum config_profile profile;
    const char *header;             /* profile hmac */
    struct config_strings projects; /* GitLab: allowed project globs */
    int64_t body_limit;             /* bytes */
};

struct config {
    struct arena arena;
    const char *path;            /* absolute path of the main file */
    const char *folder;          /* relative paths start here */
    char hash[CONFIG_HASH_SIZE]; /* of all files' text, hexadecimal: another one when they change */

    const char *database, *database_read; /* database_read NULL: database */
    const char *data;
    const char *site_title, *site_url; /* url without trailing slash */
    struct config_upstream upstream;
    int64_t archives_refresh_s;
    const char *archives_keyring;
    struct config_team *teams;
    size_t team_count;
    struct config_target *suites; /* the named ones under `suites:` */
    size_t suite_count;
    const char *publish_root, *publish_url, *publish_sign_with; /* NULL: status page alone */
    int64_t publish_grace_s;
    struct config_mirror *mirrors;
    size_t mirror_count;
    struct config_sender *senders;
    size_t sender_count;
    int worker_jobs, worker_attempts;
    int64_t worker_lease_s, worker_backoff_s;
    int64_t keep_jobs_s, keep_deliveries_s;
    struct config_pairs names;
    struct config_naming naming;
    struct config_mask *masks;
    size_t mask_count;
    struct config_series *series;
    size_t series_count;
    struct config_stamps *stamps; /* private: what config_is_stale compares with */
    struct config_texts *texts;   /* private: what config_save writes */
};

/* Which parts a program may read: hook reads database, site and senders; pages database,
 * database-read and site. The rest of the file is still parsed as YAML, but not interpreted. */
enum config_parts { CONFIG_ALL, CONFIG_HOOK, CONFIG_PAGES };

/* -c FILE, else DEB_STATUS_CONFIG, else the default path. */
const char *config_find(const char *option);

/* NULL with ERR_INPUT. DEB_STATUS_DATABASE overrides `database` (and database-read). */
struct config *config_load(const char *path, enum config_parts parts, struct err *e)
    __attribute__((warn_unused_result));
void config_free(struct config *c);

/* The texts that were read, for another process of this program: a job runs with the configuration
 * that its supervisor accepted, whatever the files say by then. Returns a descriptor of an
 * anonymous file (close-on-exec), or -1. Only what was loaded with CONFIG_ALL is complete. */
int config_save(const struct config *c, struct err *e);
/* Reads what config_save wrote, from its start. The result is never stale. */
struct config *config_load_saved(int fd, struct err *e) __attribute__((warn_unused_result));

/* True if a stat of the files shows them changed since the load (call at most once a second). */
bool config_is_stale(const struct config *c);

/* Reads a secret's file (whsec_ line) into out; readable or writable by others,
 * empty, too long: ERR_INPUT. */
#define CONFIG_SECRET_BYTES 1024 /* the longest */
int config_read_secret(const char *path, struct buf *out, struct err *e);

#define CONFIG_SECRET_LEAST 16 /* bytes the hook takes; Standard Webhooks asks for 24 to 64 */

/* Decodes the base64 of a Standard Webhooks secret, with or without `whsec_` in front and padding
 * behind. out holds 3 * strlen(text) / 4 + 3 bytes. Returns the length, or -1 if it is malformed or
 * has fewer than CONFIG_SECRET_LEAST bytes. */
long config_decode_secret(const char *text, unsigned char *out);

/* NULL: none of that name; none that publishes that suite. */
const struct config_mirror *config_mirror_find(const struct config *c, const char *name);
const struct config_mirror *config_mirror_of_suite(const struct config *c, const char *suite);
bool config_mirror_has_suite(const struct config_mirror *m, const char *suite);

#endif
