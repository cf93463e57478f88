// SPDX-License-Identifier: Apache-2.0
/* check: programs that the jobs call, and the folders that they write. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "core/admin/check.h"
#include "core/archive/inspect.h"
#include "core/archive/place.h"
#include "core/base/sandbox.h"

#define FREE_PERCENT_LEAST 5

/* ---- tools ---- */

static bool is_in_path(struct check *c, const char *name)
{
    const char *path = getenv("PATH");
    for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
        size_t len = strcspn(p, ":");
        if (access(arena_printf(&c->arena, "%.*s/%s", (int)len, p, name), X_OK) == 0)
            return true;
        p += len + (p[len] == ':');
    }
    return false;
}

static void need(struct check *c, const char *name, const char *package, const char *what)
{
    if (!is_in_path(c, name))
        check_error(c, arena_printf(&c->arena, "apt install %s.", package),
                    "%s is not installed, and %s", name, what);
}

/* host:path, over ssh. */
static bool is_over_ssh(const char *from)
{
    const char *colon = strchr(from, ':');
    return *from != '/' && colon && strncmp(colon, "://", 3) != 0;
}

static bool fetches_suites(const struct config *config)
{
    const char *own = config->publish_url;
    for (size_t s = 0; s < config->series_count; s++)
        for (size_t t = 0; t < config->series[s].target_count; t++)
            for (size_t i = 0; i < config->series[s].targets[t].suite_count; i++)
                if (!own || strcmp(config->series[s].targets[t].suites[i].uri, own) != 0)
                    return true;
    return false;
}

/* The clock of this host, if the kernel knows. */
static void check_clock(struct check *c)
{
    struct timex state = {.modes = 0};
    if (c->config->sender_count > 0 && adjtimex(&state) == TIME_ERROR &&
        (state.status & STA_UNSYNC))
        check_note(c,
                   "Run a time service (systemd-timesyncd, chrony): signatures are valid for "
                   "300 s.",
                   "the kernel says that this host's clock is not synchronised");
}

void check_tools(struct check *c)
{
    const struct config *config = c->config;
    bool over_ssh = false;
    for (size_t i = 0; i < config->mirror_count; i++)
        over_ssh |= is_over_ssh(config->mirrors[i].from);
    if (config->mirror_count > 0) {
        need(c, "rsync", "rsync", "mirrors are fetched by it");
        need(c, "gpgv", "gpgv", "it verifies what is fetched");
    }
    if (over_ssh)
        need(c, "ssh", "openssh-client", "a mirror is fetched over it");
    if (config->publish_sign_with) {
        need(c, "gpg", "gpg", "it signs what is published (publish.sign-with)");
        need(c, "gpgconf", "gpgconf", "it ends gpg's agent");
    }
    if (fetches_suites(config))
        need(c, "apt-get", "apt", "it reads Debian's suites");
    check_clock(c);
}

/* ---- folders ---- */

static void check_space(struct check *c, const char *path)
{
    struct statvfs vfs;
    if (statvfs(path, &vfs) != 0 || vfs.f_blocks == 0)
        return;
    unsigned long long free_mib = (unsigned long long)vfs.f_bavail * vfs.f_frsize / (1024 * 1024);
    int percent = (int)(vfs.f_bavail * 100 / vfs.f_blocks);
    if (percent < FREE_PERCENT_LEAST)
        check_note(c, "Make room: a full disk stops publishing (what is published stays).",
                   "only %llu MiB (%d %%) are free at %s", free_mib, percent, path);
    if (vfs.f_files > 0 && vfs.f_favail * 100 / vfs.f_files < FREE_PERCENT_LEAST)
        check_note(c, "Make room: a full disk stops publishing (what is published stays).",
                   "only %llu inodes are free at %s", (unsigned long long)vfs.f_favail, path);
}

/* The nearest folder above a path that is there. */
static const char *nearest(struct check *c, const char *path)
{
    char *part = arena_strdup(&c->arena, path);
    while (access(part, F_OK) != 0) {
        char *slash = strrchr(part, '/');
        if (!slash || slash == part)
            return "/";
        *slash = '\0';
    }
    return part;
}

/* A folder that the worker writes: is it there, or made at its first use, and the worker's? */
static void check_folder(struct check *c, const char *setting, const char *path)
{
    struct stat st;
    const char *worker = check_worker_user(c);
    if (access(path, F_OK) != 0 && errno == ENOENT && worker &&
        check_can(worker, nearest(c, path), CHECK_WRITE))
        return;
    if (stat(path, &st) != 0) {
        check_error(c,
                    arena_printf(&c->arena,
                                 "install -d -o deb-status -g deb-status %s; where it "
                                 "is outside /var/lib/deb-status, ReadWritePaths= of "
                                 "the unit as well.",
                                 path),
                    "%s: %s: %m", setting, path);
        return;
    }
    if (!S_ISDIR(st.st_mode)) {
        check_error(c, "Name a folder.", "%s: %s is no folder", setting, path);
        return;
    }
    if (!check_can(worker, path, CHECK_WRITE))
        check_error(c, arena_printf(&c->arena, "chown %s %s.", worker, path),
                    "%s: user %s cannot write %s", setting, worker, path);
    if (st.st_mode & S_IWOTH)
        check_error(c, arena_printf(&c->arena, "chmod o-w %s.", path), "%s: everyone can write %s",
                    setting, path);
    check_space(c, path);
}

static void note_orphan(void *data, bool error, const char *text)
{
    (void)error;
    check_note(data, "Nothing has to be done; a suite that shall go is removed by hand.", "%s",
               text);
}

static void check_orphans(struct check *c)
{
    struct inspect look = {.config = c->config, .data = c, .found = note_orphan};
    struct err e = {0};
    if (inspect_orphans(&look, &e))
        check_note(c, "Look at the folder's rights.", "publish.root: %s", e.text);
}

/* What a program that a build host has taken over could do here. */
static void check_kernel(struct check *c)
{
    static const struct {
        enum sandbox_can part;
        const char *lacks, *since;
    } parts[] = {
        {SANDBOX_FILES, "to this machine's files (Landlock)", "5.19, Landlock switched on"},
        {SANDBOX_TRUNCATE, "to files that it may only read: it can empty them", "6.2"},
        {SANDBOX_PORTS, "to other TCP ports than the build host's", "6.7"},
        {SANDBOX_ALONE, "to signals for other processes of its user", "6.12"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (sandbox_can(parts[i].part))
            continue;
        check_note(c, arena_printf(&c->arena, "A kernel from %s on.", parts[i].since),
                   "this kernel does not limit the access of a transfer from a build host %s",
                   parts[i].lacks);
        if (parts[i].part == SANDBOX_FILES)
            return; /* nothing of it is in force then */
    }
}

/* Staging and earlier generations lie beside the root: the worker makes that folder. */
static void check_archive(struct check *c)
{
    const char *root = c->config->publish_root;
    struct place place = place_of(&c->arena, root);
    struct stat root_st, work_st;
    check_folder(c, "publish.root", root);
    check_orphans(c);
    check_kernel(c);
    if (stat(place.work, &work_st) == 0) {
        if (stat(root, &root_st) == 0 && root_st.st_dev != work_st.st_dev)
            check_error(c, "Both have to be on one file system: publishing is a rename.",
                        "publish.root: %s and %s are two file systems", root, place.work);
        return;
    }
    char *parent = arena_strdup(&c->arena, place.work);
    char *slash = strrchr(parent, '/');
    *(slash == parent ? slash + 1 : slash) = '\0';
    const char *worker = check_worker_user(c);
    if (!check_can(worker, parent, CHECK_WRITE))
        check_error(c, arena_printf(&c->arena, "install -d -o %s %s.", worker, place.work),
                    "publish.root: user %s cannot make %s, where staging goes", worker, place.work);
    const char *web = c->has_apache ? c->apache.user : NULL;
    if (!check_can(web, root, CHECK_READ))
        check_error(c, arena_printf(&c->arena, "chmod a+rx %s and what is above it.", root),
                    "publish.root: Apache's user %s cannot read %s", web, root);
}

static bool has_mirror_here(const struct config *config)
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    for (size_t i = 0; i < config->mirror_count; i++)
        if (!config->mirrors[i].host || strcmp(config->mirrors[i].host, host) == 0)
            return true;
    return false;
}

void check_files(struct check *c)
{
    check_folder(c, "data", c->config->data);
    if (c->config->publish_root && has_mirror_here(c->config))
        check_archive(c);
}
