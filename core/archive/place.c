// SPDX-License-Identifier: Apache-2.0
#include "core/archive/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"

struct place place_of(struct arena *a, const char *publish_root)
{
    size_t len = strlen(publish_root);
    while (len > 1 && publish_root[len - 1] == '/')
        len--;
    struct place p = {arena_strndup(a, publish_root, len), NULL};
    p.work = arena_printf(a, "%s.work", p.root);
    return p;
}

const char *place_suite(struct arena *a, const struct place *p, const char *suite)
{
    return arena_printf(a, "%s/dists/%s", p->root, suite);
}

const char *place_generations(struct arena *a, const struct place *p, const char *suite)
{
    return arena_printf(a, "%s/generations/%s", p->work, suite);
}

const char *place_records(struct arena *a, const struct place *p, const char *suite)
{
    return arena_printf(a, "%s/records/%s", p->work, suite);
}

const char *place_staging(struct arena *a, const struct place *p, const char *mirror)
{
    return arena_printf(a, "%s/staging/%s", p->work, mirror);
}

const char *place_taken(struct arena *a, const struct place *p, const char *mirror)
{
    return arena_printf(a, "%s/staging/%s/taken", p->work, mirror);
}

const char *place_lock(struct arena *a, const struct place *p, const char *name)
{
    return arena_printf(a, "%s/locks/%s", p->work, name);
}

const char *place_recheck(struct arena *a, const struct place *p, const char *mirror)
{
    return arena_printf(a, "%s/recheck/%s", p->work, mirror);
}

/* The switch of a suite needs it, from the second generation on: better known before the first. */
static int check_exchange(struct arena *a, const struct place *p, struct err *e)
{
    const char *one = arena_printf(a, "%s/staging/.one-%ld", p->work, (long)getpid());
    const char *two = arena_printf(a, "%s/staging/.two-%ld", p->work, (long)getpid());
    int rc = -1;
    if (mkdir(one, 0755) || mkdir(two, 0755))
        err_errno(e, "making folders beside the archive");
    else if (renameat2(AT_FDCWD, one, AT_FDCWD, two, RENAME_EXCHANGE) == 0)
        rc = 0;
    else
        err_set(e, ERR_INPUT,
                "the file system of publish.root cannot exchange two folders in one "
                "step: it has to be a local one, such as ext4, xfs or btrfs");
    rmdir(one);
    rmdir(two);
    return rc;
}

int place_prepare(struct arena *a, const struct place *p, struct err *e)
{
    static const char *const served[] = {"dists", "pool"};
    static const char *const own[] = {"staging", "generations", "records", "recheck"};
    struct stat root, work;
    for (size_t i = 0; i < sizeof served / sizeof *served; i++)
        if (file_make_dirs(arena_printf(a, "%s/%s", p->root, served[i]), 0755, e))
            return -1;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (file_make_dirs(arena_printf(a, "%s/%s", p->work, own[i]), 0755, e))
            return -1;
    /* whoever can open a lock, were it for reading, can hold it */
    if (file_make_dirs(arena_printf(a, "%s/locks", p->work), 0700, e))
        return -1;
    if (stat(p->root, &root) || stat(p->work, &work))
        return err_errno(e, "looking at the archive's folders");
    if (root.st_dev != work.st_dev)
        return err_set(e, ERR_SYSTEM, "publish.root and %s are not on one file system", p->work);
    return check_exchange(a, p, e);
}

/* A folder's own entry, no link. -1 with errno: ELOOP if it is one. */
static int open_folder_at(int parent, const char *name)
{
    struct stat st;
    int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), number = errno;
    if (fd < 0 && number == ENOTDIR && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(st.st_mode))
        number = ELOOP;
    errno = number;
    return fd;
}

/* A regular file's own entry. -1 with errno: ELOOP a link, ENOTSUP another thing. */
static int open_file_at(int parent, const char *name)
{
    struct stat st;
    /* a FIFO must not block us */
    int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
        close(fd);
        errno = ENOTSUP;
        return -1;
    }
    return fd;
}

/* openat2 would be one call, but systemd's RestrictSUIDSGID takes it away. */
int place_open_beneath(int folder_fd, const char *name)
{
    int at = folder_fd;
    for (;;) {
        char part[NAME_MAX + 1];
        size_t len = strcspn(name, "/");
        bool last = name[len] == '\0', inside = len > 0 && len <= NAME_MAX;
        int next = -1, number = EXDEV;
        if (inside) {
            memcpy(part, name, len);
            part[len] = '\0';
            inside = strcmp(part, ".") != 0 && strcmp(part, "..") != 0;
        }
        if (inside) {
            next = last ? open_file_at(at, part) : open_folder_at(at, part);
            number = errno;
        }
        if (at != folder_fd)
            close(at);
        errno = number;
        if (next < 0 || last)
            return next;
        at = next;
        name += len + 1;
    }
}

int place_sync(const char *folder, struct err *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "open %s", folder);
    int rc = syncfs(fd) ? err_errno(e, "writing the archive to disk") : 0;
    close(fd);
    return rc;
}

int place_sync_folder(const char *folder, struct err *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "open %s", folder);
    int rc = fsync(fd) ? err_errno(e, "writing a folder to disk") : 0;
    close(fd);
    return rc;
}
