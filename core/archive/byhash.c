// SPDX-License-Identifier: Apache-2.0
#include "core/archive/byhash.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/file.h"

struct filler {
    struct arena *a;
    const char *next, *published;
    const struct release *release, *old;
    time_t now, oldest; /* what left before `oldest` goes */
    struct err *e;
};

/* "main/binary-amd64/Packages.gz" -> "main/binary-amd64/by-hash/SHA256/HEX" */
static const char *name_of(struct arena *a, const struct release_entry *entry, enum hash_kind kind)
{
    const char *slash = strrchr(entry->name, '/');
    int folder = slash ? (int)(slash - entry->name) : 0;
    return arena_printf(a, "%.*s%sby-hash/%s/%s", folder, entry->name, folder ? "/" : "",
                        hash_section(kind), entry->sums[kind]);
}

static int link_file(struct filler *x, const char *from, const char *name)
{
    const char *to = arena_printf(x->a, "%s/%s", x->next, name);
    char *folder = arena_strdup(x->a, to);
    *strrchr(folder, '/') = '\0';
    if (file_make_dirs(folder, 0755, x->e))
        return -1;
    if (link(from, to) == 0 || errno == EEXIST)
        return 0;
    return err_errno(x->e, "linking %s", name);
}

static int link_listed(struct filler *x)
{
    enum hash_kind kind = release_strongest(x->release);
    for (size_t i = 0; i < x->release->count; i++) {
        const struct release_entry *entry = &x->release->entries[i];
        const char *from = arena_printf(x->a, "%s/%s", x->next, entry->name);
        if (file_exists(from) && link_file(x, from, name_of(x->a, entry, kind)))
            return -1;
    }
    return 0;
}

/* What the published Release lists leaves now: from this moment it is kept for the grace time. */
static int stamp_leaving(struct filler *x)
{
    struct timespec times[2] = {{.tv_sec = x->now}, {.tv_sec = x->now}};
    enum hash_kind kind = release_strongest(x->old);
    for (size_t i = 0; i < x->old->count; i++) {
        const char *name = name_of(x->a, &x->old->entries[i], kind);
        const char *path = arena_printf(x->a, "%s/%s", x->published, name);
        if (file_exists(arena_printf(x->a, "%s/%s", x->next, name)) || !file_exists(path))
            continue;
        if (utimensat(AT_FDCWD, path, times, 0))
            return err_errno(x->e, "marking an index of the generation before");
    }
    return 0;
}

static int keep_files(struct filler *x, const char *folder)
{
    DIR *dir = opendir(arena_printf(x->a, "%s/%s", x->published, folder));
    struct dirent *d;
    int rc = 0;
    while (dir && rc == 0 && (d = readdir(dir))) {
        const char *name = arena_printf(x->a, "%s/%s", folder, d->d_name);
        const char *path = arena_printf(x->a, "%s/%s", x->published, name);
        struct stat st;
        if (d->d_name[0] != '.' && lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtime >= x->oldest)
            rc = link_file(x, path, name);
    }
    if (dir)
        closedir(dir);
    return rc;
}

/* The by-hash folders of the published tree, wherever they are. */
static int keep_earlier(struct filler *x, const char *folder)
{
    DIR *dir = opendir(arena_printf(x->a, "%s/%s", x->published, folder));
    struct dirent *d;
    int rc = 0;
    while (dir && rc == 0 && (d = readdir(dir))) {
        struct stat st;
        const char *name = *folder ? arena_printf(x->a, "%s/%s", folder, d->d_name)
                                   : arena_strdup(x->a, d->d_name);
        if (d->d_name[0] == '.' || lstat(arena_printf(x->a, "%s/%s", x->published, name), &st) ||
            !S_ISDIR(st.st_mode))
            continue;
        if (strcmp(d->d_name, "by-hash") != 0) {
            rc = keep_earlier(x, name);
            continue;
        }
        for (int kind = HASH_SHA256; kind <= HASH_SHA512 && rc == 0; kind++)
            rc = keep_files(x, arena_printf(x->a, "%s/%s", name, hash_section(kind)));
    }
    if (dir)
        closedir(dir);
    return rc;
}

int byhash_fill(struct suite *s, const char *next, const char *published,
                const struct release *release, int64_t grace_s, struct err *e)
{
    time_t now = time(NULL);
    struct filler x = {.a = s->a,
                       .next = next,
                       .published = published,
                       .release = release,
                       .old = &s->now.release,
                       .now = now,
                       .oldest = now - (time_t)grace_s,
                       .e = e};
    if (link_listed(&x))
        return -1;
    if (!s->now.exists)
        return 0;
    return stamp_leaving(&x) || keep_earlier(&x, "") ? -1 : 0;
}
