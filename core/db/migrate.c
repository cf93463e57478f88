// SPDX-License-Identifier: Apache-2.0
#include "core/db/migrate.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fnv.h"
#include "core/db/scripts.h"
#include "gen/queries.h"

static bool is_migration(const struct db_script_file *f)
{
    return strncmp(f->name, "migrations/", 11) == 0;
}

static int number_of(const struct db_script_file *f)
{
    return (int)strtol(f->name + 11, NULL, 10);
}

/* "003-archive" of migrations/003-archive.sql */
static void short_name(const struct db_script_file *f, char *out, size_t size)
{
    snprintf(out, size, "%.*s", (int)strcspn(f->name + 11, "."), f->name + 11);
}

static void hash_text(const struct db_script_file *f, char out[17])
{
    snprintf(out, 17, "%016" PRIx64, fnv_add(FNV_START, f->sql, strlen(f->sql)));
}

static void hash_code(char out[17])
{
    uint64_t h = FNV_START;
    for (const struct db_script_file *f = db_scripts; f->name; f++)
        if (!is_migration(f)) {
            h = fnv_add(h, f->name, strlen(f->name));
            h = fnv_add(h, f->sql, strlen(f->sql));
        }
    snprintf(out, 17, "%016" PRIx64, h);
}

static int newest_known(void)
{
    int newest = 0;
    for (const struct db_script_file *f = db_scripts; f->name; f++)
        if (is_migration(f) && number_of(f) > newest)
            newest = number_of(f);
    return newest;
}

/* *number: the newest migration that the database has; 0 if it has none. */
static int newest_applied(struct db *db, int *number, bool *instance, struct err *e)
{
    struct db_result *r = NULL;
    *number = 0;
    if (db_call(db, &query_migrate_table_exists, &r, e))
        return -1;
    bool there = db_value_bool(r, 0, "there");
    if (instance)
        *instance = db_value_bool(r, 0, "instance");
    db_result_free(r);
    if (!there)
        return 0;
    if (db_call(db, &query_migrate_newest, &r, e))
        return -1;
    *number = (int)db_value_int(r, 0, "number", 0);
    db_result_free(r);
    return 0;
}

static int fail_newer(int number, struct err *e)
{
    return err_set(e, ERR_DENIED,
                   "the database's schema has migration %d, this program knows only %d: it needs a "
                   "newer deb-status",
                   number, newest_known());
}

static int apply(struct db *db, const struct db_script_file *f, struct err *e)
{
    char name[64], number[16], hash[17];
    short_name(f, name, sizeof name);
    snprintf(number, sizeof number, "%d", number_of(f));
    hash_text(f, hash);
    if (db_begin(db, e))
        return -1;
    if (db_script(db, f->sql, e) ||
        db_call(db, &query_migrate_record, NULL, e, number, name, hash)) {
        db_rollback(db);
        return err_context(e, "migration %s", name);
    }
    return db_commit(db, e);
}

static int apply_pending(struct db *db, int *applied, struct err *e)
{
    int have;
    if (newest_applied(db, &have, NULL, e))
        return -1;
    if (have > newest_known())
        return fail_newer(have, e);
    for (const struct db_script_file *f = db_scripts; f->name; f++) {
        if (!is_migration(f) || number_of(f) <= have)
            continue;
        if (apply(db, f, e))
            return -1;
        (*applied)++;
    }
    return 0;
}

static int code_is_current(struct db *db, bool *current, struct err *e)
{
    char hash[17];
    struct db_result *r = NULL;
    if (db_call(db, &query_migrate_code_hash, &r, e))
        return -1;
    hash_code(hash);
    *current = strcmp(db_value(r, 0, "hash"), hash) == 0;
    db_result_free(r);
    return 0;
}

static int make_code(struct db *db, struct err *e)
{
    char hash[17];
    hash_code(hash);
    if (db_begin(db, e))
        return -1;
    if (db_script(db, query_migrate_drop_code.sql, e)) {
        err_context(e, "dropping the old functions and views");
        goto out;
    }
    for (const struct db_script_file *f = db_scripts; f->name; f++)
        if (!is_migration(f) && db_script(db, f->sql, e)) {
            err_context(e, "sql/%s", f->name);
            goto out;
        }
    if (db_call(db, &query_migrate_set_code_hash, NULL, e, hash))
        goto out;
    return db_commit(db, e);
out:
    db_rollback(db);
    return -1;
}

int migrate_run(struct db *db, struct migrate_result *result, struct err *e)
{
    struct migrate_result made = {0, false};
    bool current = true;
    int rc = -1;
    if (db_call(db, &query_migrate_lock, NULL, e))
        return -1;
    if (db_call(db, &query_migrate_table, NULL, e) || apply_pending(db, &made.applied, e) ||
        code_is_current(db, &current, e))
        goto out;
    if (!current && make_code(db, e))
        goto out;
    if (db_call(db, &query_migrate_instance, NULL, e))
        goto out;
    made.code_made = !current;
    rc = 0;
out:
    db_call(db, &query_migrate_unlock, NULL, NULL);
    if (result)
        *result = made;
    return rc;
}

int migrate_forget_code(struct db *db, struct err *e)
{
    int have;
    bool instance = false;
    if (newest_applied(db, &have, &instance, e))
        return -1;
    return instance ? db_call(db, &query_migrate_forget_code, NULL, e) : 0;
}

/* The row of the applied ones with that number; -1: none. */
static int find_applied(const struct db_result *r, int number)
{
    for (int i = 0; r && i < db_result_rows(r); i++)
        if (db_value_int(r, i, "number", 0) == number)
            return i;
    return -1;
}

static bool list_known(const struct db_result *r, struct buf *out)
{
    bool all = true;
    for (const struct db_script_file *f = db_scripts; f->name; f++) {
        char name[64], hash[17];
        if (!is_migration(f))
            continue;
        short_name(f, name, sizeof name);
        hash_text(f, hash);
        int row = find_applied(r, number_of(f));
        if (row < 0)
            buf_addf(out, "%s pending\n", name);
        else
            buf_addf(out, "%s applied %s%s\n", name, db_value(r, row, "applied"),
                     strcmp(hash, db_value(r, row, "hash")) ? " (another text than this program's)"
                                                            : "");
        all = all && row >= 0;
    }
    return all;
}

static bool list_unknown(const struct db_result *r, struct buf *out)
{
    bool none = true;
    for (int i = 0; r && i < db_result_rows(r); i++)
        if (db_value_int(r, i, "number", 0) > newest_known()) {
            buf_addf(out, "%s applied %s (newer than this program)\n", db_value(r, i, "name"),
                     db_value(r, i, "applied"));
            none = false;
        }
    return none;
}

int migrate_status(struct db *db, struct buf *out, struct err *e)
{
    struct db_result *r = NULL;
    int have;
    bool instance = false, code = false;
    if (newest_applied(db, &have, &instance, e))
        return -1;
    if (have > 0 && db_call(db, &query_migrate_applied, &r, e))
        return -1;
    bool all = list_known(r, out);
    all = list_unknown(r, out) && all;
    db_result_free(r);
    if (instance && code_is_current(db, &code, e))
        return -1;
    buf_addf(out, "functions and views %s\n", code ? "current" : "pending");
    return all && code;
}

int migrate_check(struct db *db, struct err *e)
{
    int have;
    if (newest_applied(db, &have, NULL, e))
        return -1;
    if (have > newest_known())
        return fail_newer(have, e);
    if (have < newest_known())
        return err_set(
            e, ERR_NOT_READY,
            "the database's schema is older than this program: run `deb-status migrate`");
    return 0;
}
