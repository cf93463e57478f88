// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/seed.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/file.h"

enum { COPY_BYTES = 1 << 20 };

struct seed {
    struct arena arena;
    git_repository *source;
    git_packbuilder *pack;
    char *part;            /* of a file in hand */
    const char *from, *to; /* folders of objects, ending in a slash */
};

static const char *local_path(const char *location)
{
    if (strncmp(location, "file:///", 8) == 0 && !strchr(location, '%'))
        return location + 7;
    return *location == '/' ? location : NULL;
}

/* The source is somebody else's: no link of theirs leads to what only we may read. */
static int open_plain(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Not copy_file_range: it refuses to cross file systems of two kinds. */
static int copy_bytes(struct seed *s, int in, int out)
{
    ssize_t n;
    if (!s->part)
        s->part = arena_alloc(&s->arena, COPY_BYTES);
    while ((n = read(in, s->part, COPY_BYTES)) > 0)
        if (file_write_all(out, s->part, (size_t)n))
            return -1;
    return n < 0 ? -1 : fsync(out);
}

/* Whole or not at all, under its name. */
static int copy_file(struct seed *s, const char *from, const char *to)
{
    const char *part = arena_printf(&s->arena, "%s.part", to);
    int rc = -1, in = open_plain(from);
    int out = in < 0 ? -1 : open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out >= 0)
        rc = copy_bytes(s, in, out);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    if (rc == 0)
        rc = rename(part, to);
    if (rc && out >= 0)
        unlink(part);
    return rc;
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* Copies the files of the folder of packs whose names end so. */
static int copy_packs(struct seed *s, const char *end)
{
    const char *from = arena_printf(&s->arena, "%spack", s->from);
    const char *to = arena_printf(&s->arena, "%spack", s->to);
    DIR *dir = opendir(from);
    int rc = dir ? file_make_dirs(to, 0700, NULL) : -1;
    for (struct dirent *d; rc == 0 && (d = readdir(dir));)
        if (ends_with(d->d_name, end))
            rc = copy_file(s, arena_printf(&s->arena, "%s/%s", from, d->d_name),
                           arena_printf(&s->arena, "%s/%s", to, d->d_name));
    if (dir)
        closedir(dir);
    return rc;
}

/* The loose objects of one folder (named by the first byte of their hashes) into the new pack. */
static int pack_folder(struct seed *s, const char *name)
{
    DIR *dir = opendir(arena_printf(&s->arena, "%s%s", s->from, name));
    int rc = dir ? 0 : -1;
    for (struct dirent *d; rc == 0 && (d = readdir(dir));) {
        git_oid oid;
        if (strlen(d->d_name) != GIT_OID_HEXSZ - 2 ||
            git_oid_fromstr(&oid, arena_printf(&s->arena, "%s%s", name, d->d_name)))
            continue;
        rc = git_packbuilder_insert(s->pack, &oid, NULL);
    }
    if (dir)
        closedir(dir);
    return rc;
}

/* Loose objects become a pack: libgit2 1.5 reads a loose one that is cut off for ever, and knows a
 * pack that is by its last bytes. */
static int pack_loose(struct seed *s)
{
    DIR *dir = opendir(s->from);
    int rc = dir ? git_packbuilder_new(&s->pack, s->source) : -1;
    for (struct dirent *d; rc == 0 && (d = readdir(dir));)
        if (strlen(d->d_name) == 2 && isxdigit((unsigned char)d->d_name[0]) &&
            isxdigit((unsigned char)d->d_name[1]))
            rc = pack_folder(s, d->d_name);
    if (rc == 0 && git_packbuilder_object_count(s->pack) > 0)
        rc = git_packbuilder_write(s->pack, arena_printf(&s->arena, "%spack", s->to), 0600, NULL,
                                   NULL);
    git_packbuilder_free(s->pack);
    s->pack = NULL;
    if (dir)
        closedir(dir);
    return rc;
}

/* An index without its pack would be a damaged repository: packs first. */
static int copy_objects(struct seed *s)
{
    return copy_packs(s, ".pack") || copy_packs(s, ".idx") || pack_loose(s) ? -1 : 0;
}

/* And those that the repository borrows from others (`git clone --shared`). */
static int copy_all(struct seed *s, int depth)
{
    struct buf others = BUF_INIT;
    const char *from = s->from, *list = arena_printf(&s->arena, "%sinfo/alternates", from);
    struct stat st;
    int rc = copy_objects(s);
    if (rc == 0 && lstat(list, &st) == 0)
        rc = !S_ISREG(st.st_mode) || depth > 5 ? -1 : file_read(list, 1 << 16, &others, NULL);
    for (char *line = others.data; rc == 0 && line && *line;) {
        size_t len = strcspn(line, "\n");
        bool more = line[len] != '\0';
        line[len] = '\0';
        s->from = arena_printf(&s->arena, "%s%s/", *line == '/' ? "" : from, line);
        if (len > 0 && *line != '#')
            rc = copy_all(s, depth + 1);
        line += len + more;
    }
    s->from = from;
    buf_free(&others);
    return rc;
}

static const char *objects_of(git_repository *repo, struct arena *a)
{
    git_buf path = GIT_BUF_INIT;
    const char *out = NULL;
    if (git_repository_item_path(&path, repo, GIT_REPOSITORY_ITEM_OBJECTS) == 0)
        out = arena_strdup(a, path.ptr);
    git_buf_dispose(&path);
    return out;
}

static void set_ref(git_repository *repo, const char *ref, const git_oid *head)
{
    git_odb *odb = NULL;
    git_reference *made = NULL;
    if (git_repository_odb(&odb, repo) == 0 && git_odb_refresh(odb) == 0 &&
        git_odb_exists(odb, head))
        git_reference_create(&made, repo, ref, head, 0, NULL);
    git_reference_free(made);
    git_odb_free(odb);
}

void seed_from_local(git_repository *repo, const char *location, const char *ref)
{
    struct seed s = {.arena = ARENA_INIT};
    git_oid head;
    const char *path = local_path(location);
    if (!path || git_reference_name_to_id(&head, repo, ref) == 0)
        return;
    if (git_repository_open_ext(&s.source, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) == 0 &&
        git_reference_name_to_id(&head, s.source, ref) == 0) {
        s.from = objects_of(s.source, &s.arena);
        s.to = objects_of(repo, &s.arena);
        if (s.from && s.to && copy_all(&s, 0) == 0)
            set_ref(repo, ref, &head);
    }
    git_repository_free(s.source);
    arena_free(&s.arena);
}
