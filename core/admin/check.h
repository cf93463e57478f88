// SPDX-License-Identifier: Apache-2.0
/*
 * deb-status check: each topic is one function that looks and says what it found. A finding is one
 * line, what is wrong and how to mend it; an error is what keeps something from working, a note is
 * what an admin may want to know. Topics change nothing, and none needs another to have gone well.
 */
#ifndef CORE_ADMIN_CHECK_H
#define CORE_ADMIN_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/admin/apache.h"
#include "core/base/arena.h"
#include "core/config/config.h"
#include "core/db/db.h"

#define UNITS_DEFAULT_PATH "/etc/systemd/system"

struct check {
    struct arena arena;
    const struct config *config;
    struct db *db; /* as role worker, schema current; NULL if that is not so */
    const char *apache_path;
    const char *units;    /* folder of systemd's enabled units */
    struct apache apache; /* all zero if there is none here */
    bool has_apache;      /* it was read, and serves one of our programs */
    int errors, notes;
    bool said_unreadable;
};

/* `error: FINDING. MEND` and `note: ...`; control characters of others' words become blanks. */
void check_error(struct check *c, const char *mend, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void check_note(struct check *c, const char *mend, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A query's rows (level, finding, mend), said. result is freed. */
void check_say_rows(struct check *c, struct db_result *result);
/* A query that failed is an error of its own. */
void check_query_failed(struct check *c, const struct err *e);

/* Whether a system user can reach and read (write) a path, by modes and groups; a user that is not
 * there, or NULL: true. */
enum check_access { CHECK_READ = 4, CHECK_WRITE = 2 };
bool check_can(const char *user, const char *path, enum check_access what);

/* Whether the caller, who is not root, may not read it: then nothing is wrong with it, and a note
 * says once that only root sees all. */
bool check_is_closed(struct check *c, const char *path);

/* Who runs our programs: NULL if that cannot be told. */
const char *check_hook_user(const struct check *c);
const char *check_worker_user(const struct check *c);

/* The topics, in this order. */
void check_apache(struct check *c);   /* finds Apache, and what is wrong without the database */
void check_database(struct check *c); /* opens c->db */
void check_tools(struct check *c);
void check_files(struct check *c);
void check_upstreams(struct check *c);
void check_secrets(struct check *c);
void check_keys(struct check *c);
void check_targets(struct check *c);
void check_contents(struct check *c);

#endif
