// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, size_t max, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int rc = err_errno(e, "open %s", path);
        if (e && errno == ENOENT)
            e->code = ERR_NOT_FOUND;
        return rc;
    }
    size_t start = out->len;
    int rc = 0;
    for (;;) {
        char *to = buf_reserve(out, 64 * 1024);
        ssize_t n = read(fd, to, 64 * 1024);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            rc = err_errno(e, "read %s", path);
            break;
        }
        if (n == 0)
            break;
        out->len += (size_t)n;
        if (out->len - start > max) {
            rc = err_set(e, ERR_INPUT, "%s is larger than %zu bytes", path, max);
            break;
        }
    }
    if (rc != 0)
        out->len = start;
    out->data[out->len] = '\0';
    close(fd);
    return rc;
}

int file_map(int fd, const char **data, size_t *len)
{
    struct stat st;
    *data = NULL;
    *len = 0;
    if (fstat(fd, &st))
        return -1;
    if (st.st_size == 0)
        return 0;
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return -1;
    *data = p;
    *len = (size_t)st.st_size;
    return 0;
}

void file_unmap(const char *data, size_t len)
{
    if (len)
        munmap((void *)(uintptr_t)data, len);
}

int file_write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
    struct buf temporary = BUF_INIT;
    buf_addf(&temporary, "%s.tmp-%ld", path, (long)getpid());
    int rc = 0;
    int fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        rc = err_errno(e, "create %s", temporary.data);
        goto out;
    }
    /* fchmod, as the mode is a promise that the umask must not change */
    if (file_write_all(fd, data, len) != 0 || fchmod(fd, mode) != 0 || fsync(fd) != 0)
        rc = err_errno(e, "write %s", temporary.data);
    if (close(fd) != 0 && rc == 0)
        rc = err_errno(e, "write %s", temporary.data);
    if (rc == 0 && rename(temporary.data, path) != 0)
        rc = err_errno(e, "rename to %s", path);
    if (rc != 0)
        unlink(temporary.data);
out:
    buf_free(&temporary);
    return rc;
}

static int make_dir(const char *path, mode_t mode, struct err *e)
{
    struct stat st;
    if (mkdir(path, mode) == 0)
        return 0;
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    if (errno == EEXIST)
        errno = ENOTDIR;
    return err_errno(e, "make folder %s", path);
}

int file_make_dirs(const char *path, mode_t mode, struct err *e)
{
    char *part = strdup(path);
    if (!part)
        abort();
    int rc = 0;
    for (char *p = part + 1; rc == 0 && *part && *p; p++) {
        if (*p != '/' || p[-1] == '/')
            continue;
        *p = '\0';
        rc = make_dir(part, mode, e);
        *p = '/';
    }
    if (rc == 0)
        rc = make_dir(part, mode, e);
    free(part);
    return rc;
}

static int remove_at(int folder, const char *name, const char *shown, dev_t device, struct err *e);

/* Empties the folder that fd is open on, and closes it. */
static int empty_folder(int fd, const char *shown, dev_t device, struct err *e)
{
    DIR *dir = fdopendir(fd);
    if (!dir) {
        err_errno(e, "read folder %s", shown);
        close(fd);
        return -1;
    }
    int rc = 0;
    struct dirent *entry;
    while (rc == 0 && (errno = 0, entry = readdir(dir)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rc = remove_at(fd, entry->d_name, shown, device, e);
    if (rc == 0 && errno != 0)
        rc = err_errno(e, "read folder %s", shown);
    closedir(dir);
    return rc;
}

static int remove_at(int folder, const char *name, const char *shown, dev_t device, struct err *e)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : err_errno(e, "look at %s in %s", name, shown);
    if (!S_ISDIR(st.st_mode))
        return unlinkat(folder, name, 0) == 0 || errno == ENOENT
                   ? 0
                   : err_errno(e, "remove %s in %s", name, shown);
    if (device != 0 && st.st_dev != device)
        return err_set(e, ERR_SYSTEM, "%s in %s is another file system", name, shown);
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, "open %s in %s", name, shown);
    if (empty_folder(fd, shown, st.st_dev, e) != 0)
        return -1;
    return unlinkat(folder, name, AT_REMOVEDIR) == 0 ? 0
                                                     : err_errno(e, "remove %s in %s", name, shown);
}

int file_remove_tree(const char *path, struct err *e)
{
    return remove_at(AT_FDCWD, path, path, 0, e);
}

static int copy_by_hand(int in, int out)
{
    char piece[65536];
    ssize_t n;
    while ((n = read(in, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || file_write_all(out, piece, (size_t)n))
            return -1;
    }
    return 0;
}

static int copy_content(int in, int out)
{
    for (;;) {
        ssize_t n = copy_file_range(in, NULL, out, NULL, SSIZE_MAX & ~(ssize_t)0xfffff, 0);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR)
            break;
    }
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
        return -1;
    return copy_by_hand(in, out); /* from where it stands */
}

int file_copy(const char *from, const char *to, mode_t mode, struct err *e)
{
    int rc = -1, out = -1, in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0)
        return err_errno(e, "open %s", from);
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (out < 0) {
        err_errno(e, "create %s", to);
    } else if (copy_content(in, out)) {
        err_errno(e, "copy to %s", to);
        unlink(to);
    } else {
        rc = 0;
    }
    if (out >= 0 && close(out) && rc == 0)
        rc = err_errno(e, "copy to %s", to);
    close(in);
    return rc;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

char *file_join(const char *folder, const char *name)
{
    size_t len = strlen(folder);
    while (len > 0 && folder[len - 1] == '/')
        len--;
    while (*name == '/')
        name++;
    size_t size = len + strlen(name) + 2;
    char *path = malloc(size);
    if (!path)
        abort();
    snprintf(path, size, "%.*s/%s", (int)len, folder, name);
    return path;
}
