// SPDX-License-Identifier: Apache-2.0
#include "core/archive/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/pool.h"
#include "core/archive/publish.h"
#include "core/archive/record.h"
#include "core/base/clock.h"
#include "core/base/file.h"

#define TIME_S      86400
#define TRIES       5
#define SUITES_MAX  1000
#define FOLDER_TEMP "/tmp/deb-status-check-XXXXXX"

struct finding {
    bool error;
    const char *text;
    struct finding *next;
};

struct inspector {
    struct inspect *c;
    struct arena *a;
    struct run r;
    const char *scratch;
    const char *suites[SUITES_MAX];
    size_t suite_count;
    struct contents *named; /* by suite: what the stray files are compared with */
    /* of the suite that is looked at */
    struct finding *first, **last;
    int errors;
};

static void tell(struct inspector *k, bool error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(struct inspector *k, bool error, const char *format, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;
    va_start(ap, format);
    buf_vaddf(&text, format, ap);
    va_end(ap);
    struct finding *f = arena_alloc(k->a, sizeof *f);
    *f = (struct finding){error, arena_strdup(k->a, buf_str(&text)), NULL};
    *k->last = f;
    k->last = &f->next;
    k->errors += error;
    buf_free(&text);
}

static void forget(struct inspector *k)
{
    k->first = NULL;
    k->last = &k->first;
    k->errors = 0;
}

static void hand_on(struct inspector *k)
{
    for (struct finding *f = k->first; f; f = f->next)
        k->c->found(k->c->data, f->error, f->text);
    k->c->errors += k->errors;
    forget(k);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_suites(struct inspector *k, struct err *e)
{
    struct dirent *d;
    DIR *dir = opendir(arena_printf(k->a, "%s/dists", k->r.place.root));
    if (!dir)
        return errno == ENOENT ? 0 : err_errno(e, "reading the list of published suites");
    while ((d = readdir(dir)) && k->suite_count < SUITES_MAX) {
        struct stat st;
        if (d->d_name[0] != '.' && fstatat(dirfd(dir), d->d_name, &st, 0) == 0 &&
            S_ISDIR(st.st_mode))
            k->suites[k->suite_count++] = arena_strdup(k->a, d->d_name);
    }
    closedir(dir);
    qsort(k->suites, k->suite_count, sizeof *k->suites, by_name);
    return 0;
}

/* The next run of the mirror looks at every file. */
static void mark(struct inspector *k, const struct config_mirror *m)
{
    struct err why = {0};
    if (m && !m->frozen &&
        file_write(place_recheck(k->a, &k->r.place, m->name), "", 0, 0644, &why) == 0)
        tell(k, false,
             "the next run of mirror %s fetches what is missing or damaged (deb-status "
             "enqueue mirror %s)",
             m->name, m->name);
}

/* ---- one suite ---- */

static void check_signature(struct inspector *k, struct suite *s, const struct config_mirror *m)
{
    const char *folder = place_suite(s->a, &k->r.place, s->name);
    const char *key = *s->now.record.signing_key
                          ? arena_printf(s->a, "%s/archive-keyring.gpg", k->r.place.root)
                      : m ? m->signed_by
                          : NULL;
    const char *keyring = arena_printf(s->a, "%s/key.gpg", k->scratch);
    struct gpg_verifier v = {.keyring = keyring, .folder = k->scratch};
    struct buf text = BUF_INIT;
    struct err why = {0};
    const char *release = arena_printf(s->a, "%s/Release", folder);
    const char *detached = arena_printf(s->a, "%s/Release.gpg", folder);
    if (!key) {
        tell(k, false, "%s: no key of this configuration signed it: signature not checked",
             s->name);
    } else if (gpg_write_keyring(key, keyring, &why)) {
        tell(k, true, "%s: %s", s->name, why.text);
    } else {
        if (s->now.inline_signed &&
            gpg_verify_inline(&v, arena_printf(s->a, "%s/InRelease", folder), &text, &why))
            tell(k, true, "%s/InRelease: %s", s->name, why.text);
        else if (s->now.inline_signed &&
                 !gpg_same_text(buf_str(&text), text.len, buf_str(&s->now.text), s->now.text.len))
            tell(k, true, "%s: InRelease and Release do not tell the same", s->name);
        if (file_exists(detached) && gpg_verify_detached(&v, detached, release, &why))
            tell(k, true, "%s/Release.gpg: %s", s->name, why.text);
        else if (!s->now.inline_signed && !file_exists(detached))
            tell(k, true, "%s: Release has no signature", s->name);
    }
    buf_free(&text);
}

static void check_by_hash(struct inspector *k, struct suite *s, const struct index_file *f)
{
    enum hash_kind kind = release_strongest(&s->now.release);
    const char *slash = strrchr(f->entry->name, '/');
    int len = slash ? (int)(slash - f->entry->name + 1) : 0;
    const char *name = arena_printf(s->a, "%.*sby-hash/%s/%s", len, f->entry->name,
                                    hash_section(kind), f->entry->sums[kind]);
    const char *folder = place_suite(s->a, &k->r.place, s->name);
    struct hash_sums sums;
    struct err why = {0};
    int fd = open(arena_printf(s->a, "%s/%s", folder, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || hash_fd(fd, 1U << kind, &sums, &why) ||
        strcmp(sums.hex[kind], f->entry->sums[kind]) != 0)
        tell(k, true, "%s/%s is missing or damaged", s->name, name);
    if (fd >= 0)
        close(fd);
}

static int check_indexes(struct inspector *k, struct suite *s, struct err *e)
{
    struct indexes *x = &s->indexes;
    const struct release *release = &s->now.release;
    bool by_hash = release->acquire_by_hash && strcmp(release->acquire_by_hash, "yes") == 0;
    int before = k->errors;
    *x = (struct indexes){.a = s->a,
                          .staged = arena_printf(s->a, "%s/unpacked", k->scratch),
                          .published = place_suite(s->a, &k->r.place, s->name),
                          .deadline_ms = clock_monotonic_ms() + TIME_S * 1000};
    if (indexes_plan(x, release, release, true, e))
        return -1;
    for (size_t i = 0; i < x->count; i++) {
        const struct index_file *f = &x->files[i];
        const char *path = arena_printf(s->a, "%s/%s", x->published, f->entry->name);
        k->c->files++;
        k->c->bytes += f->entry->size;
        if (f->where == INDEX_MISSING && (file_exists(path) || *s->now.record.signing_key))
            tell(k, true, "%s/%s is %s", s->name, f->entry->name,
                 file_exists(path) ? "not what Release says" : "missing");
        else if (f->where == INDEX_KEPT && by_hash)
            check_by_hash(k, s, f);
    }
    return k->errors > before ? 1 : 0;
}

static int check_pool(struct inspector *k, struct suite *s, struct err *e)
{
    const struct contents *c = &s->contents;
    int rc = 0, root = open(k->r.place.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return err_errno(e, "opening the archive");
    for (size_t i = 0; rc == 0 && i < c->file_count; i++) {
        enum pool_state state;
        rc = pool_look(root, &c->files[i], &state, e);
        k->c->files++;
        k->c->bytes += c->files[i].size;
        if (rc == 0 && state != POOL_GOOD)
            tell(k, true, "%s, which %s names, is %s", c->files[i].path, s->name,
                 state == POOL_ABSENT ? "missing" : "not what its index says");
    }
    close(root);
    return rc;
}

static int check_record(struct inspector *k, struct suite *s, struct err *e)
{
    struct record_state state;
    if (record_read_state(&k->r, s, &state, e))
        return -1;
    if (!s->now.recorded)
        tell(k, true, "%s: nothing says which generation it is (%s.work/records)", s->name,
             k->r.place.root);
    else if (strcmp(state.published_sha256, s->now.id) != 0)
        tell(k, true,
             "%s: the disk has generation %d, the database %d: the next run makes them "
             "the same",
             s->name, s->now.record.generation, state.generation);
    return 0;
}

static int check_tree(struct inspector *k, struct suite *s, const struct config_mirror *m,
                      struct err *e)
{
    static const struct contents_rules any = {0};
    struct err why = {0};
    if (published_read(s->a, &k->r.place, s->name, place_suite(s->a, &k->r.place, s->name), &s->now,
                       &why)) {
        tell(k, true, "%s", why.text);
        return 0;
    }
    if (!s->now.exists) {
        tell(k, true, "%s has no signed file", s->name);
        return 0;
    }
    check_signature(k, s, m);
    int bad = check_indexes(k, s, e);
    if (bad < 0 || check_record(k, s, e))
        return -1;
    if (bad)
        return 0; /* what they name cannot be trusted */
    if (indexes_open(&s->indexes, &why) ||
        contents_read(s->a, s->indexes.texts, s->indexes.text_count, &any, &s->contents, &why)) {
        tell(k, true, "%s: %s", s->name, why.text);
        return 0;
    }
    return check_pool(k, s, e);
}

/* Whether the suite was switched while it was looked at. */
static bool has_changed(struct inspector *k, const struct suite *s)
{
    struct err why = {0};
    char id[SHA256_HEX] = "";
    bool inline_signed;
    time_t mtime;
    const char *folder = place_suite(s->a, &k->r.place, s->name);
    if (published_id(s->a, folder, id, &inline_signed, &mtime, &why))
        *id = '\0';
    return strcmp(id, s->now.id) != 0;
}

/* What was found of a suite that was switched meanwhile belongs to no generation: once more. */
static int check_suite(struct inspector *k, size_t n, struct err *e)
{
    const struct config_mirror *m = config_mirror_of_suite(k->c->config, k->suites[n]);
    bool changed = true;
    int rc = 0;
    k->r.mirror = m;
    for (int i = 0; rc == 0 && changed && i < TRIES; i++) {
        struct suite s = {.a = k->a, .name = k->suites[n]};
        forget(k);
        if (!m)
            tell(k, false, "%s is published and no mirror has it: served as it is", s.name);
        rc = check_tree(k, &s, m, e);
        k->named[n] = s.contents;
        changed = has_changed(k, &s);
        publish_end_suite(&s);
    }
    k->c->suites++;
    if (rc == 0 && k->errors)
        mark(k, m);
    hand_on(k);
    return rc;
}

/* ---- files that nothing names ---- */

static struct {
    struct inspector *inspector;
    size_t root_len;
    int64_t count, bytes;
} walk;

static int count_stray(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    const struct inspector *k = walk.inspector;
    (void)ftw;
    if (type == FTW_D)
        return 0;
    for (size_t i = 0; i < k->suite_count; i++)
        if (contents_find(&k->named[i], path + walk.root_len + 1))
            return 0;
    walk.count++;
    walk.bytes += st->st_size;
    return 0;
}

static void check_strays(struct inspector *k)
{
    walk.inspector = k;
    walk.root_len = strlen(k->r.place.root);
    walk.count = walk.bytes = 0;
    nftw(arena_printf(k->a, "%s/pool", k->r.place.root), count_stray, 32, FTW_PHYS);
    if (walk.count)
        tell(k, false,
             "%lld files (%lld bytes) of the pool are named by no index: they go after "
             "the grace time",
             (long long)walk.count, (long long)walk.bytes);
}

static int begin(struct inspector *k, struct inspect *c, struct err *e)
{
    char *scratch = arena_strdup(k->a, FOLDER_TEMP);
    k->c = c;
    forget(k);
    k->r = (struct run){.a = k->a, .config = c->config, .db = c->db, .lock_fd = -1};
    k->r.place = place_of(k->a, c->config->publish_root);
    if (!mkdtemp(scratch))
        return err_errno(e, "making a folder in /tmp");
    k->scratch = scratch;
    if (list_suites(k, e))
        return -1;
    k->named = arena_alloc(k->a, (k->suite_count + 1) * sizeof *k->named);
    return file_make_dirs(arena_printf(k->a, "%s/unpacked", scratch), 0755, e);
}

int inspect_archive(struct inspect *c, struct err *e)
{
    struct arena a = ARENA_INIT;
    struct inspector *k = arena_alloc(&a, sizeof *k);
    struct err ignored = {0};
    int lock = -1, rc = -1;
    k->a = &a;
    if (begin(k, c, e))
        goto out;
    /* nothing is removed while it is looked at */
    lock = pool_lock(&a, &k->r.place, false, POOL_LOCK_MS, e);
    if (lock < 0)
        goto out;
    rc = 0;
    for (size_t i = 0; rc == 0 && i < k->suite_count; i++)
        rc = check_suite(k, i, e);
    if (rc == 0)
        check_strays(k);
    hand_on(k);
out:
    if (lock >= 0)
        close(lock);
    if (k->scratch)
        file_remove_tree(k->scratch, &ignored);
    arena_free(&a);
    return rc;
}

int inspect_orphans(struct inspect *c, struct err *e)
{
    struct arena a = ARENA_INIT;
    struct inspector *k = arena_alloc(&a, sizeof *k);
    k->c = c;
    k->a = &a;
    forget(k);
    k->r.place = place_of(&a, c->config->publish_root);
    int rc = list_suites(k, e);
    for (size_t i = 0; rc == 0 && i < k->suite_count; i++)
        if (!config_mirror_of_suite(c->config, k->suites[i]))
            tell(k, false, "suite %s is published and no mirror has it: served as it is",
                 k->suites[i]);
    hand_on(k);
    arena_free(&a);
    return rc;
}
