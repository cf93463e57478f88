// SPDX-License-Identifier: Apache-2.0
#include "core/archive/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/claims.h"
#include "core/archive/lock.h"
#include "core/archive/named.h"
#include "core/base/file.h"

struct missing {
    struct run *r;
    struct suite *s;
    int root; /* descriptor of publish.root */
    const struct contents_file **files;
    size_t count, room;
    int64_t bytes, largest;
};

static int open_folder(const char *path, struct err *e)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        err_errno(e, "opening %s", path);
    return fd;
}

int pool_lock(struct arena *a, const struct place *p, bool exclusive, int64_t wait_ms,
              struct err *e)
{
    return lock_wait(place_lock(a, p, "pool.lock"), exclusive, wait_ms, e);
}

int pool_look(int folder_fd, const struct contents_file *f, enum pool_state *state, struct err *e)
{
    struct hash_sums sums;
    struct stat st;
    unsigned char sum[SHA256_SIZE];
    int rc = 0, fd = place_open_beneath(folder_fd, f->path);
    if (fd < 0) {
        *state = errno == ENOENT || errno == ENOTDIR ? POOL_ABSENT : POOL_DIFFERS;
        return errno == EMFILE || errno == ENOMEM || errno == EIO
                   ? err_errno(e, "opening %s", f->path)
                   : 0;
    }
    *state = POOL_DIFFERS;
    if (fstat(fd, &st)) {
        rc = err_errno(e, "reading %s", f->path);
    } else if (st.st_size == f->size) {
        rc = hash_fd(fd, 1U << HASH_SHA256, &sums, e);
        if (rc == 0 && sums.size == f->size &&
            hash_parse_sha256(sums.hex[HASH_SHA256], SHA256_HEX - 1, sum) == 0 &&
            memcmp(sum, f->sha256, SHA256_SIZE) == 0)
            *state = POOL_GOOD;
    }
    close(fd);
    return rc;
}

static int want(struct missing *m, const struct contents_file *f, struct err *e)
{
    const struct config_mirror *mirror = m->r->mirror;
    m->files = arena_grow(m->s->a, m->files, m->count, &m->room, sizeof *m->files);
    m->files[m->count++] = f;
    m->bytes += f->size;
    if (f->size > m->largest)
        m->largest = f->size;
    if (f->size > mirror->limit_bytes || m->bytes > mirror->limit_bytes)
        return err_set(e, ERR_INPUT, "its new files are larger than the mirror's limits.bytes");
    if (mirror->limit_files > 0 && m->count > (size_t)mirror->limit_files)
        return err_set(e, ERR_INPUT, "its new files are more than the mirror's limits.files");
    return 0;
}

/* -1: another mirror has published the path with other content. */
static int is_held(struct run *r, const struct contents_file *f, struct err *e)
{
    const char *holder;
    if (named_holder(r, f, &holder, e))
        return -1;
    return holder ? err_set(e, ERR_INPUT,
                            "%s is published by mirror %s with other content: build with a new "
                            "version",
                            f->path, holder)
                  : 0;
}

/* With other content than what is there: an error, unless this mirror may replace it. What another
 * mirror has published is never replaced. */
static int may_replace(struct run *r, const struct contents_file *f, struct err *e)
{
    if (is_held(r, f, e))
        return -1;
    if (!r->mirror->replace)
        return err_set(e, ERR_INPUT, "%s is published with other content: build with a new version",
                       f->path);
    return 0;
}

/* A file that the published generation does not name, or names with another content. */
static int look_at(void *data, const struct contents_file *f, const struct contents_file *old,
                   struct err *e)
{
    struct missing *m = data;
    enum pool_state state;
    if (pool_look(m->root, f, &state, e))
        return -1;
    if (state == POOL_GOOD)
        return 0;
    if (state == POOL_DIFFERS || old) {
        if (may_replace(m->r, f, e))
            return -1;
        run_warn(m->r,
                 "%s is replaced (replace: true): who has the old indexes yet will see a "
                 "hash mismatch",
                 f->path);
    }
    return want(m, f, e);
}

/* When every file is looked at again: one that was published like that and is gone or damaged is
 * fetched again. */
static int look_again(struct missing *m, struct err *e)
{
    const struct contents *now = &m->s->contents, *before = &m->s->before;
    for (size_t i = 0; i < now->file_count; i++) {
        const struct contents_file *f = &now->files[i], *old = contents_find(before, f->path);
        enum pool_state state;
        if (!old || old->size != f->size || memcmp(old->sha256, f->sha256, SHA256_SIZE) != 0)
            continue; /* look_at saw it */
        if (pool_look(m->root, f, &state, e))
            return -1;
        if (state == POOL_GOOD)
            continue;
        run_warn(m->r, "%s was %s in the archive: fetched again", f->path,
                 state == POOL_ABSENT ? "missing" : "damaged");
        if (want(m, f, e))
            return -1;
    }
    return 0;
}

static int find_missing(struct missing *m, struct err *e)
{
    m->root = open_folder(m->r->place.root, e);
    if (m->root < 0)
        return -1;
    int rc = contents_compare(&m->s->before, &m->s->contents, look_at, NULL, m, e);
    if (rc == 0 && m->r->recheck)
        rc = look_again(m, e);
    close(m->root);
    return rc;
}

static int check_staged(struct missing *m, int folder, struct err *e)
{
    struct run *r = m->r;
    for (size_t i = 0; i < m->count; i++) {
        const struct contents_file *f = m->files[i];
        enum pool_state state;
        if (pool_look(folder, f, &state, e))
            return -1;
        if (r->watch)
            r->watch->progress(r->watch->data, (int64_t)i + 1, (int64_t)m->count, "files");
        if (state == POOL_GOOD)
            continue;
        if (state == POOL_DIFFERS)
            unlinkat(folder, f->path, 0);
        err_set(e, ERR_NOT_READY,
                state == POOL_ABSENT
                    ? "%s, which its indexes name, is missing at the host, or no plain file"
                    : "%s is not what its indexes say: it is being rebuilt, or was altered",
                f->path);
        return err_detail(e, buf_str(&r->transfer.said), (long)r->transfer.said.len);
    }
    return 0;
}

/* What an earlier try has left in staging is not fetched again, or goes. Returns how many names
 * are left, -1: error. */
static int list_wanted(struct missing *m, int folder, const char **names, struct err *e)
{
    int n = 0;
    for (size_t i = 0; i < m->count; i++) {
        enum pool_state state;
        if (pool_look(folder, m->files[i], &state, e))
            return -1;
        if (state == POOL_DIFFERS)
            unlinkat(folder, m->files[i]->path, 0);
        if (state != POOL_GOOD)
            names[n++] = m->files[i]->path;
    }
    return n;
}

static int fetch_names(struct missing *m, const char *const *names, size_t count, struct err *e)
{
    struct run *r = m->r;
    struct transfer_step step = {.to = r->pool_dir,
                                 .names = names,
                                 .count = count,
                                 .bytes = m->bytes,
                                 .file_max = m->largest};
    run_step(r, "pool");
    return run_kill_strays(r, transfer_fetch(&r->transfer, &step, e), e);
}

static int fetch_files(struct missing *m, struct err *e)
{
    const char **names = arena_alloc(m->s->a, m->count * sizeof *names);
    int n, rc = -1, folder = open_folder(m->r->pool_dir, e);
    if (folder < 0)
        return -1;
    n = list_wanted(m, folder, names, e);
    if (n >= 0 && (n == 0 || fetch_names(m, names, (size_t)n, e) == 0)) {
        run_step(m->r, "verify");
        rc = check_staged(m, folder, e);
    }
    close(folder);
    return rc;
}

int pool_fetch(struct run *r, struct suite *s, struct err *e)
{
    struct missing m = {.r = r, .s = s};
    if (find_missing(&m, e))
        return -1;
    s->missing = m.files;
    s->missing_count = m.count;
    return m.count && (fetch_files(&m, e) || claims_check(r, s, e)) ? -1 : 0;
}

static int make_folder_of(struct run *r, const char *path, struct err *e)
{
    char *folder = arena_printf(r->a, "%s/%s", r->place.root, path);
    *strrchr(folder, '/') = '\0';
    return file_make_dirs(folder, 0755, e);
}

/* Takes one file in. What another mirror brought in the meantime is the same, or an error. A file
 * is replaced with the pool's lock held exclusively: nobody publishes it between look and rename.
 */
static int take_file(struct run *r, const struct suite *s, int staged, int root,
                     const struct contents_file *f, struct err *e)
{
    enum pool_state state;
    /* staged files have the host's modes */
    if (fchmodat(staged, f->path, 0644, 0))
        return err_errno(e, "taking %s into the pool", f->path);
    if (make_folder_of(r, f->path, e))
        return -1;
    if (renameat2(staged, f->path, root, f->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EEXIST)
        return err_errno(e, "taking %s into the pool", f->path);
    if (pool_look(root, f, &state, e))
        return -1;
    if (state == POOL_GOOD) {
        unlinkat(staged, f->path, 0);
        return 0;
    }
    /* damaged, if this mirror's own generation names it like that */
    const struct contents_file *old = contents_find(&s->before, f->path);
    bool mends = r->recheck && old && memcmp(old->sha256, f->sha256, SHA256_SIZE) == 0;
    if (mends ? is_held(r, f, e) : may_replace(r, f, e))
        return -1;
    if (renameat2(staged, f->path, root, f->path, 0))
        return err_errno(e, "taking %s into the pool", f->path);
    return 0;
}

static int take_files(struct run *r, struct suite *s, int root, struct err *e)
{
    int rc = 0, staged;
    if (s->missing_count == 0)
        return 0;
    /* it stays if nothing is published in the end: the next run finds what nobody names */
    if (file_write(place_taken(r->a, &r->place, r->mirror->name), "", 0, 0644, e))
        return -1;
    staged = open_folder(r->pool_dir, e);
    if (staged < 0)
        return -1;
    for (size_t i = 0; rc == 0 && i < s->missing_count; i++)
        rc = take_file(r, s, staged, root, s->missing[i], e);
    close(staged);
    return rc;
}

/* A file that nobody named was good when it was looked at, without the lock: another mirror's
 * collecting may have removed it since. */
static int is_there(void *data, const struct contents_file *f, const struct contents_file *old,
                    struct err *e)
{
    struct stat st;
    (void)old;
    if (fstatat(*(const int *)data, f->path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        st.st_size == f->size)
        return 0;
    return err_set(e, ERR_TRANSIENT,
                   "%s was removed from the pool, where nobody named it: the next try fetches it",
                   f->path);
}

int pool_take_in(struct run *r, struct suite *s, struct err *e)
{
    int rc, root = open_folder(r->place.root, e);
    if (root < 0)
        return -1;
    rc = take_files(r, s, root, e);
    if (rc == 0)
        rc = contents_compare(&s->before, &s->contents, is_there, NULL, &root, e);
    close(root);
    return rc;
}
