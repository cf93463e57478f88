// SPDX-License-Identifier: Apache-2.0
#include "core/archive/named.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/archive/publish.h"
#include "gen/queries.h"

int named_read(struct run *r, struct arena *a, struct named *out, struct err *e)
{
    const char *dists = arena_printf(a, "%s/dists", r->place.root);
    struct dirent *d;
    size_t room = 0;
    int rc = 0;
    DIR *dir = opendir(dists);
    if (!dir)
        return err_errno(e, "reading the list of published suites");
    while (rc == 0 && (errno = 0, d = readdir(dir))) {
        struct stat st;
        if (d->d_name[0] == '.' || fstatat(dirfd(dir), d->d_name, &st, 0) || !S_ISDIR(st.st_mode))
            continue;
        out->items = arena_grow(a, out->items, out->count, &room, sizeof *out->items);
        struct suite *s = &out->items[out->count++];
        *s = (struct suite){.a = a, .name = arena_strdup(a, d->d_name)};
        rc = publish_read_suite(r, s, e);
    }
    if (rc == 0 && errno) /* of readdir: what it left out would be called unnamed */
        rc = err_errno(e, "reading the list of published suites");
    closedir(dir);
    return rc;
}

void named_free(struct named *l)
{
    for (size_t i = 0; i < l->count; i++)
        publish_end_suite(&l->items[i]);
}

const struct suite *named_find(const struct named *l, const char *path)
{
    for (size_t i = 0; i < l->count; i++)
        if (contents_find(&l->items[i].contents, path))
            return &l->items[i];
    return NULL;
}

static bool differs(const struct contents *c, const struct contents_file *f)
{
    const struct contents_file *is = contents_find(c, f->path);
    return is && (is->size != f->size || memcmp(is->sha256, f->sha256, SHA256_SIZE) != 0);
}

/* By what is served: the database may not have been told of it (a crash after a switch). */
static int find_on_disk(struct run *r, const struct contents_file *f, const char **mirror,
                        struct err *e)
{
    struct arena a = ARENA_INIT;
    struct named all = {0};
    int rc = named_read(r, &a, &all, e);
    for (size_t i = 0; rc == 0 && !*mirror && i < all.count; i++) {
        const struct suite *s = &all.items[i];
        if (!config_mirror_has_suite(r->mirror, s->name) && differs(&s->contents, f))
            *mirror = s->now.recorded ? arena_strdup(r->a, s->now.record.mirror)
                                      : arena_printf(r->a, "of the suite %s", s->name);
    }
    named_free(&all);
    arena_free(&a);
    return rc;
}

int named_holder(struct run *r, const struct contents_file *f, const char **mirror, struct err *e)
{
    struct db_result *rows = NULL;
    char sum[SHA256_HEX];
    *mirror = NULL;
    hash_format_sha256(f->sha256, sum);
    if (db_call(r->db, &query_publish_holder, &rows, e, r->mirror->name, f->path, sum))
        return -1;
    if (db_result_rows(rows) > 0)
        *mirror = arena_strdup(r->a, db_value(rows, 0, "mirror"));
    db_result_free(rows);
    return *mirror ? 0 : find_on_disk(r, f, mirror, e);
}
