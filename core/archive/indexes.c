// SPDX-License-Identifier: Apache-2.0
#include "core/archive/indexes.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/archive/place.h"
#include "core/archive/transfer.h"
#include "core/archive/unpack.h"
#include "core/base/clock.h"
#include "core/base/file.h"

/* Of an index whose plain form is not listed, and so has no known size: it may take what is left of
 * the limit of all of them, and no more than this. */
#define UNPACKED_MAX ((int64_t)2 << 30)

const char *indexes_path(const struct indexes *x, const struct index_file *f)
{
    return arena_printf(x->a, "%s/%s", f->where == INDEX_KEPT ? x->published : x->staged,
                        f->entry->name);
}

static int open_below(const char *folder, const char *name)
{
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -1;
    int fd = place_open_beneath(dir, name), number = errno;
    close(dir);
    errno = number;
    return fd;
}

/* Whether the file is there with the size and every hash that is listed. 1, 0, or -1 (ERR_SYSTEM);
 * *found: there is a file at all. */
static int has_content(const char *folder, const struct release_entry *entry, bool *found,
                       struct err *e)
{
    struct hash_sums sums;
    struct stat st;
    unsigned kinds = 0;
    int rc, fd = open_below(folder, entry->name);
    *found = fd >= 0;
    if (fd < 0)
        return errno == EMFILE || errno == ENOMEM ? err_errno(e, "opening an index") : 0;
    if (fstat(fd, &st) || st.st_size != entry->size) {
        close(fd);
        return 0;
    }
    for (int k = 0; k < HASH_KINDS; k++)
        if (entry->sums[k])
            kinds |= 1U << k;
    rc = hash_fd(fd, kinds, &sums, e) ? -1 : 1;
    close(fd);
    for (int k = 0; rc == 1 && k < HASH_KINDS; k++)
        if (entry->sums[k] && strcmp(entry->sums[k], sums.hex[k]) != 0)
            rc = 0;
    return rc;
}

/* In the published tree by its listing. */
static bool is_listed(const struct indexes *x, const struct release_entry *entry,
                      const struct release *old)
{
    struct stat st;
    const struct release_entry *was = old ? release_find(old, entry->name) : NULL;
    if (!was || strcmp(was->sums[HASH_SHA256], entry->sums[HASH_SHA256]) != 0)
        return false;
    return lstat(arena_printf(x->a, "%s/%s", x->published, entry->name), &st) == 0 &&
           S_ISREG(st.st_mode) && st.st_size == entry->size;
}

int indexes_plan(struct indexes *x, const struct release *release, const struct release *old,
                 bool check, struct err *e)
{
    x->count = release->count;
    x->files = arena_alloc(x->a, (x->count + 1) * sizeof *x->files);
    for (size_t i = 0; i < x->count; i++) {
        struct index_file *f = &x->files[i];
        bool found;
        f->entry = &release->entries[i];
        f->plain = arena_strndup(x->a, f->entry->name, f->entry->plain_len);
        if (!x->published || !is_listed(x, f->entry, old))
            continue;
        int same = check ? has_content(x->published, f->entry, &found, e) : 1;
        if (same < 0)
            return -1;
        if (same)
            f->where = INDEX_KEPT;
    }
    return 0;
}

size_t indexes_wanted(const struct indexes *x, const char **names, int64_t *bytes, int64_t *largest)
{
    size_t n = 0;
    *bytes = *largest = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct index_file *f = &x->files[i];
        if (f->where != INDEX_MISSING)
            continue;
        names[n++] = f->entry->name;
        if (__builtin_add_overflow(*bytes, f->entry->size, bytes))
            *bytes = INT64_MAX; /* above every limit, and stays there */
        if (f->entry->size > *largest)
            *largest = f->entry->size;
    }
    return n;
}

/* rsync gives what it brings the host's time. */
static int mark_seed(const char *path, struct err *e)
{
    struct timespec times[2] = {{.tv_sec = TRANSFER_SEED_TIME}, {.tv_sec = TRANSFER_SEED_TIME}};
    return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW)
               ? err_errno(e, "setting the time of %s", path)
               : 0;
}

int indexes_seed(struct indexes *x, struct err *e)
{
    for (size_t i = 0; i < x->count; i++) {
        const struct index_file *f = &x->files[i];
        if (f->where != INDEX_MISSING || strcmp(f->plain, f->entry->name) != 0)
            continue;
        const char *from = arena_printf(x->a, "%s/%s", x->published, f->entry->name);
        const char *to = arena_printf(x->a, "%s/%s", x->staged, f->entry->name);
        char *folder = arena_strdup(x->a, to);
        *strrchr(folder, '/') = '\0';
        /* a copy: the transfer may write what lies in staging, whatever rsync does with it */
        if (file_exists(from) && !file_exists(to) &&
            (file_make_dirs(folder, 0755, e) || file_copy(from, to, 0644, e) || mark_seed(to, e)))
            return err_context(e, "preparing the transfer of %s", f->entry->name);
    }
    return 0;
}

static bool is_read(const struct index_file *f)
{
    return f->entry->kind == PATHS_PACKAGES || f->entry->kind == PATHS_SOURCES;
}

/* Some form of the same index that is here; the plain one first. */
static struct index_file *find_form(const struct indexes *x, const char *plain)
{
    struct index_file *best = NULL;
    for (size_t i = 0; i < x->count; i++) {
        struct index_file *f = &x->files[i];
        if (f->where == INDEX_MISSING || strcmp(f->plain, plain) != 0)
            continue;
        if (!best || strcmp(f->entry->name, plain) == 0)
            best = f;
    }
    return best;
}

/* Nothing was sent for it: in staging lies what indexes_seed put there. */
static bool is_seed(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && st.st_mtime == TRANSFER_SEED_TIME;
}

int indexes_verify(struct indexes *x, struct err *e)
{
    for (size_t i = 0; i < x->count; i++) {
        struct index_file *f = &x->files[i];
        bool found;
        if (f->where != INDEX_MISSING)
            continue;
        int same = has_content(x->staged, f->entry, &found, e);
        if (same < 0)
            return -1;
        if (same) {
            f->where = INDEX_STAGED;
        } else if (found) {
            const char *path = arena_printf(x->a, "%s/%s", x->staged, f->entry->name);
            bool was_seed = is_seed(path);
            unlink(path);
            if (was_seed)
                continue;
            return err_set(e, ERR_NOT_READY,
                           "%s is not what the signed Release says: it is being rebuilt, or was "
                           "altered",
                           f->entry->name);
        }
    }
    for (size_t i = 0; i < x->count; i++)
        if (is_read(&x->files[i]) && !find_form(x, x->files[i].plain))
            return err_set(e, ERR_NOT_READY, "%s, which the signed Release lists, is missing",
                           x->files[i].plain);
    return 0;
}

static int unpack_form(const struct indexes *x, const struct index_file *f, int64_t size_max,
                       const char *to, struct hash_sums *sums, struct err *e)
{
    struct unpack u = {.folder = f->where == INDEX_KEPT ? x->published : x->staged,
                       .name = f->entry->name,
                       .size_max = size_max,
                       .keep_fds = x->keep_fds,
                       .deadline_ms = x->deadline_ms - clock_monotonic_ms(),
                       .to = to};
    if (u.deadline_ms <= 0)
        return err_set(e, ERR_TRANSIENT, "the run took longer than the mirror's limits.time");
    return unpack_file(&u, sums, e);
}

static int map_text(const char *path, struct contents_input *in, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), rc = 0;
    if (fd < 0)
        return err_errno(e, "opening %s", in->name);
    if (file_map(fd, &in->data, &in->len))
        rc = err_errno(e, "mapping %s", in->name);
    close(fd);
    return rc;
}

/* The plain form is not here: made from another in staging. *path is where it lies. */
static int make_plain(struct indexes *x, const struct index_file *from, struct index_file *plain,
                      const char **path, struct hash_sums *sums, struct err *e)
{
    *path = arena_printf(x->a, "%s/%s", x->staged, from->plain);
    char *folder = arena_strdup(x->a, *path);
    *strrchr(folder, '/') = '\0';
    int64_t left = x->unpacked_max ? x->unpacked_max - x->unpacked : UNPACKED_MAX;
    int64_t size_max = plain ? plain->entry->size : left < UNPACKED_MAX ? left : UNPACKED_MAX;
    if (file_make_dirs(folder, 0755, e) || unpack_form(x, from, size_max, *path, sums, e))
        return -1;
    if (!plain) {
        x->unpacked += sums->size;
        return 0;
    }
    if (sums->size != plain->entry->size ||
        strcmp(sums->hex[HASH_SHA256], plain->entry->sums[HASH_SHA256]) != 0)
        return err_set(e, ERR_INPUT, "%s holds something else than %s", from->entry->name,
                       from->plain);
    plain->where = INDEX_STAGED;
    return 0;
}

static struct index_file *find_name(const struct indexes *x, const char *name)
{
    for (size_t i = 0; i < x->count; i++)
        if (strcmp(x->files[i].entry->name, name) == 0)
            return &x->files[i];
    return NULL;
}

static int open_text(struct indexes *x, const struct index_file *of, struct err *e)
{
    struct index_file *plain = find_name(x, of->plain), *form = find_form(x, of->plain);
    struct contents_input *in = &x->texts[x->text_count];
    struct hash_sums sums;
    const char *path;

    *in = (struct contents_input){.name = of->plain, .kind = of->entry->kind};
    if (!form) {
        return err_set(e, ERR_NOT_FOUND, "%s is missing, and all its other forms", of->plain);
    } else if (form == plain) {
        path = indexes_path(x, plain);
    } else if (make_plain(x, form, plain, &path, &sums, e)) {
        return -1;
    }
    if (map_text(path, in, e))
        return -1;
    x->text_count++;
    return 0;
}

int indexes_open(struct indexes *x, struct err *e)
{
    x->texts = arena_alloc(x->a, (x->count + 1) * sizeof *x->texts);
    x->text_count = 0;
    for (size_t i = 0; i < x->count; i++) {
        const struct index_file *f = &x->files[i];
        bool opened = false;
        for (size_t k = 0; k < x->text_count && !opened; k++)
            opened = strcmp(x->texts[k].name, f->plain) == 0;
        if (!opened && is_read(f) && open_text(x, f, e))
            return -1;
    }
    return 0;
}

/* ---- do all forms hold the same ---- */

static const struct contents_input *find_text(const struct indexes *x, const char *plain)
{
    for (size_t i = 0; i < x->text_count; i++)
        if (strcmp(x->texts[i].name, plain) == 0)
            return &x->texts[i];
    return NULL;
}

static bool is_packed(const struct index_file *f)
{
    return f->where == INDEX_STAGED && is_read(f) && strcmp(f->plain, f->entry->name) != 0;
}

static int check_form(const struct indexes *x, const struct index_file *f, struct err *e)
{
    const struct contents_input *text = find_text(x, f->plain);
    struct hash_sums sums;
    char sha256[SHA256_HEX];
    if (!text)
        return err_set(e, ERR_INPUT, "%s has no plain form", f->entry->name);
    if (unpack_form(x, f, (int64_t)text->len, NULL, &sums, e))
        return -1;
    hash_text(text->data ? text->data : "", text->len, sha256);
    if (sums.size != (int64_t)text->len || strcmp(sums.hex[HASH_SHA256], sha256) != 0)
        return err_set(e, ERR_INPUT, "%s holds something else than %s", f->entry->name, f->plain);
    return 0;
}

/* In a process of its own: every n-th packed form. */
static void run_checker(const struct indexes *x, int nth, int n, int answer)
{
    struct err e = {0};
    int k = 0, rc = 0;
    for (size_t i = 0; rc == 0 && i < x->count; i++)
        if (is_packed(&x->files[i]) && k++ % n == nth)
            rc = check_form(x, &x->files[i], &e);
    ssize_t written = write(answer, &e, sizeof e);
    _exit(written == (ssize_t)sizeof e ? 0 : 1);
}

int indexes_check_begin(struct indexes *x, struct err *e)
{
    int n = 0;
    for (size_t i = 0; i < x->count && n < INDEXES_CHECKERS; i++)
        n += is_packed(&x->files[i]);
    for (int nth = 0; nth < n; nth++) {
        int ends[2];
        pid_t parent = getpid();
        if (pipe2(ends, O_CLOEXEC))
            return err_errno(e, "starting to unpack the indexes");
        pid_t pid = fork();
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent)
                _exit(1);
            run_checker(x, nth, n, ends[1]);
        }
        close(ends[1]);
        if (pid < 0) {
            close(ends[0]);
            return err_errno(e, "starting to unpack the indexes");
        }
        x->checkers[x->checker_count++] = (struct index_checker){pid, ends[0]};
    }
    return 0;
}

int indexes_check_end(struct indexes *x, struct err *e)
{
    int rc = 0;
    for (int i = 0; i < x->checker_count; i++) {
        struct err why = {0};
        char *to = (char *)&why;
        size_t got = 0;
        for (ssize_t n; got < sizeof why &&
                        ((n = read(x->checkers[i].answer, to + got, sizeof why - got)) > 0 ||
                         (n < 0 && errno == EINTR));)
            got += n > 0 ? (size_t)n : 0;
        close(x->checkers[i].answer);
        while (waitpid(x->checkers[i].pid, NULL, 0) < 0 && errno == EINTR)
            ;
        if (got < sizeof why)
            err_set(&why, ERR_SYSTEM, "unpacking the indexes ended unexpectedly");
        if (why.code != ERR_NONE && rc == 0) {
            *e = why;
            rc = -1;
        }
    }
    x->checker_count = 0;
    return rc;
}

void indexes_close(struct indexes *x)
{
    struct err ignored;
    for (int i = 0; i < x->checker_count; i++)
        kill(x->checkers[i].pid, SIGKILL);
    indexes_check_end(x, &ignored);
    for (size_t i = 0; i < x->text_count; i++)
        file_unmap(x->texts[i].data, x->texts[i].len);
    x->text_count = 0;
}
