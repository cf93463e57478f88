// SPDX-License-Identifier: Apache-2.0
#include "core/archive/collect.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/named.h"
#include "core/archive/pool.h"
#include "core/archive/publish.h"
#include "gen/queries.h"

/* At most so many in one run: a mistake is noticed before it has emptied the pool. */
#define FILES_MAX   1000
#define FILES_MIN   50
#define PERCENT_MAX 10
#define LOCK_MS     1000 /* what is due today is due with the next run, too */

static bool is_named_by_us(const struct run *r, const struct named *l, const char *path)
{
    for (size_t i = 0; i < l->count; i++)
        if (config_mirror_has_suite(r->mirror, l->items[i].name) &&
            contents_find(&l->items[i].contents, path))
            return true;
    return false;
}

/* The file, and the folders that are empty without it. */
static int remove_file(struct run *r, const char *path, struct err *e)
{
    char *full = arena_printf(r->a, "%s/%s", r->place.root, path);
    if (!paths_is_pool(path, strlen(path)))
        return err_set(e, ERR_INPUT, "the database names a pool file that is none");
    if (unlink(full) && errno != ENOENT)
        return err_errno(e, "removing %s", path);
    const char *pool = arena_printf(r->a, "%s/pool", r->place.root);
    for (char *slash; (slash = strrchr(full, '/')) && strlen(full) > strlen(pool);) {
        *slash = '\0';
        if (strcmp(full, pool) == 0 || rmdir(full))
            break;
    }
    return 0;
}

static int judge_row(struct run *r, const struct named *l, const char *path, bool others,
                     int64_t *removed, struct err *e)
{
    if (is_named_by_us(r, l, path))
        return db_call(r->db, &query_publish_named_again, NULL, e, r->mirror->name, path);
    if (!others && !named_find(l, path)) {
        if (remove_file(r, path, e))
            return -1;
        ++*removed;
    }
    return db_call(r->db, &query_publish_forget_file, NULL, e, r->mirror->name, path);
}

static int remove_due(struct run *r, const struct db_result *due, const struct named *l,
                      struct err *e)
{
    int64_t removed = 0;
    int rc = db_begin(r->db, e);
    if (rc == 0 && r->fence)
        rc = r->fence(r->fence_data, e);
    for (int i = 0; rc == 0 && i < db_result_rows(due); i++)
        rc =
            judge_row(r, l, db_value(due, i, "path"), db_value_bool(due, i, "others"), &removed, e);
    if (rc == 0)
        rc = db_commit(r->db, e);
    if (rc)
        db_rollback(r->db);
    else if (removed)
        run_note(r, "%" PRId64 " pool files removed that no index names any more", removed);
    return rc;
}

int collect(struct run *r, struct err *e)
{
    struct arena a = ARENA_INIT;
    struct named all = {0};
    struct db_result *due = NULL;
    char grace[24], most[24], least[24], percent[24];
    int lock = -1, rc = -1;
    snprintf(grace, sizeof grace, "%" PRId64, r->config->publish_grace_s);
    snprintf(most, sizeof most, "%d", FILES_MAX);
    snprintf(least, sizeof least, "%d", FILES_MIN);
    snprintf(percent, sizeof percent, "%d", PERCENT_MAX);
    if (db_call(r->db, &query_publish_due_files, &due, e, r->mirror->name, grace, least, most,
                percent))
        return -1;
    if (db_result_rows(due) == 0) {
        db_result_free(due);
        return 0;
    }
    run_step(r, "collect");
    lock = pool_lock(&a, &r->place, true, LOCK_MS, e);
    if (lock >= 0 && named_read(r, &a, &all, e) == 0)
        rc = remove_due(r, due, &all, e);
    else if (lock < 0 && e->code == ERR_TRANSIENT) { /* somebody holds it */
        err_clear(e);
        rc = 0;
    }
    named_free(&all);
    if (lock >= 0)
        close(lock);
    db_result_free(due);
    arena_free(&a);
    return rc ? err_context(e, "removing old pool files") : 0;
}

/* ---- disk and database ---- */

static int copy_row(struct db *db, const char *path, int64_t size, const char *sum,
                    const char *named, struct err *e)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, size);
    return db_copy_row(db, 4, (const char *[]){path, digits, sum, named}, e);
}

static int copy_named(struct run *r, const struct named *l, struct err *e)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct contents *c = &l->items[i].contents;
        for (size_t k = 0;
             config_mirror_has_suite(r->mirror, l->items[i].name) && k < c->file_count; k++) {
            char sum[SHA256_HEX];
            hash_format_sha256(c->files[k].sha256, sum);
            if (copy_row(r->db, c->files[k].path, c->files[k].size, sum, "t", e))
                return -1;
        }
    }
    return 0;
}

/* nftw() hands no data on. */
static struct {
    struct run *run;
    const struct named *suites;
    size_t root_len;
    struct err *e;
} walk;

static int copy_stray(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const char *name = path + walk.root_len + 1;
    (void)ftw;
    if (type != FTW_F || !S_ISREG(st->st_mode) || !paths_is_pool(name, strlen(name)) ||
        named_find(walk.suites, name))
        return 0;
    return copy_row(walk.run->db, name, st->st_size, "", "f", walk.e);
}

static int copy_strays(struct run *r, const struct named *l, struct err *e)
{
    walk.run = r;
    walk.suites = l;
    walk.root_len = strlen(r->place.root);
    walk.e = e;
    return nftw(arena_printf(r->a, "%s/pool", r->place.root), copy_stray, 32, FTW_PHYS) ? -1 : 0;
}

int collect_reconcile(struct run *r, struct err *e)
{
    struct arena a = ARENA_INIT;
    struct named all = {0};
    int rc = -1, lock = pool_lock(&a, &r->place, true, POOL_LOCK_MS, e);
    if (lock < 0 || named_read(r, &a, &all, e) || db_begin(r->db, e))
        goto out;
    if ((r->fence && r->fence(r->fence_data, e)) || db_call(r->db, &query_publish_begin, NULL, e) ||
        db_copy_begin(r->db, &query_publish_copy_files, e) || copy_named(r, &all, e) ||
        copy_strays(r, &all, e) || db_copy_end(r->db, e) ||
        db_call(r->db, &query_publish_reconcile, NULL, e, r->mirror->name) || db_commit(r->db, e))
        db_rollback(r->db);
    else
        rc = 0;
out:
    named_free(&all);
    if (lock >= 0)
        close(lock);
    arena_free(&a);
    return rc;
}
