// SPDX-License-Identifier: Apache-2.0
#include "core/archive/lock.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"

#define PAUSE_MS    20
#define BOOT_ID     "/proc/sys/kernel/random/boot_id"
#define RECORD_SIZE 256

struct holder {
    long group; /* 0: not known */
    int64_t token;
    char machine[128];
};

/* This boot of this machine, and this namespace of process numbers. */
static void this_machine(char out[128])
{
    char boot[64] = "";
    struct stat ns = {0};
    FILE *f = fopen(BOOT_ID, "re");
    if (f) {
        if (!fgets(boot, sizeof boot, f))
            *boot = '\0';
        fclose(f);
    }
    boot[strcspn(boot, "\n")] = '\0';
    if (stat("/proc/self/ns/pid", &ns))
        ns.st_ino = 0;
    snprintf(out, 128, "%s/%llu", boot, (unsigned long long)ns.st_ino);
}

static void read_holder(int fd, struct holder *h)
{
    char text[RECORD_SIZE] = "";
    memset(h, 0, sizeof *h);
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    if (n > 0)
        sscanf(text, "group %ld token %" SCNd64 " on %127s", &h->group, &h->token, h->machine);
}

/* By a descriptor of its own: see open_lock. A run that is stopped before this is not known to who
 * takes over, who tries again until it is gone. */
static int write_holder(const char *path, int64_t token, struct err *e)
{
    char text[RECORD_SIZE], machine[128];
    /* killing the group must never reach who merely started us */
    long group = getpgrp() == getpid() ? (long)getpid() : 0;
    this_machine(machine);
    int n =
        snprintf(text, sizeof text, "group %ld token %" PRId64 " on %s\n", group, token, machine);
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOFOLLOW);
    int rc = fd < 0 || write(fd, text, (size_t)n) != n ? err_errno(e, "writing the lock file") : 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

static bool is_number(const char *s)
{
    size_t n = strspn(s, "0123456789");
    return n > 0 && s[n] == '\0';
}

/* Whether a descriptor is one that the flock is held by (proc(5), fdinfo): who merely waits for the
 * lock has the file open too. */
static bool holds_flock(const char *pid, const char *fd)
{
    char path[300], line[256];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%.20s/fdinfo/%.20s", pid, fd);
    FILE *f = fopen(path, "re");
    while (f && !found && fgets(line, sizeof line, f))
        found = strncmp(line, "lock:", 5) == 0 && strstr(line, "FLOCK");
    if (f)
        fclose(f);
    return found;
}

static bool is_holder(const char *pid, const struct stat *file)
{
    char path[300];
    struct dirent *d;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    DIR *dir = opendir(path);
    while (dir && !found && (d = readdir(dir))) {
        struct stat st;
        found = is_number(d->d_name) && fstatat(dirfd(dir), d->d_name, &st, 0) == 0 &&
                st.st_dev == file->st_dev && st.st_ino == file->st_ino &&
                holds_flock(pid, d->d_name);
    }
    if (dir)
        closedir(dir);
    return found;
}

/* Whether the lock is still that run's: when its group is dead, who waited may have it at once. */
static bool is_held_by(int fd, const struct holder *h)
{
    struct holder now;
    read_holder(fd, &now);
    return now.token == h->token && now.group == h->group;
}

/* Kills the run's group, and whoever else inherited the lock. */
static void kill_holders(int fd, const struct holder *h)
{
    struct stat file;
    struct dirent *d;
    if (h->group > 1 && h->group != getpgrp())
        kill((pid_t)-h->group, SIGKILL);
    if (fstat(fd, &file))
        return;
    DIR *dir = opendir("/proc");
    while (dir && (d = readdir(dir))) {
        pid_t pid = is_number(d->d_name) ? (pid_t)atol(d->d_name) : 0;
        if (pid > 1 && pid != getpid() && is_holder(d->d_name, &file) && is_held_by(fd, h))
            kill(pid, SIGKILL);
    }
    if (dir)
        closedir(dir);
}

/* Not for writing: rsync inherits it, and who has taken that over would write down whom the next
 * run is to kill. */
static int open_lock(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        err_errno(e, "open the lock %s", path);
    return fd;
}

static void pause_a_moment(void)
{
    struct timespec t = {0, PAUSE_MS * 1000000L};
    nanosleep(&t, NULL);
}

int lock_wait(const char *path, int exclusive, int64_t wait_ms, struct err *e)
{
    int64_t until = clock_monotonic_ms() + wait_ms;
    int fd = open_lock(path, e);
    while (fd >= 0 && flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || clock_monotonic_ms() >= until) {
            close(fd);
            err_set(e, ERR_TRANSIENT, "another run holds a lock of the archive");
            return -1;
        }
        pause_a_moment();
    }
    return fd;
}

int lock_take(const char *path, int64_t token, int64_t wait_ms, struct err *e)
{
    int64_t until = clock_monotonic_ms() + wait_ms;
    char machine[128];
    int fd = open_lock(path, e);
    if (fd < 0)
        return -1;
    this_machine(machine);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        struct holder h;
        read_holder(fd, &h);
        bool ours = strcmp(h.machine, machine) == 0;
        if (token > 0 && ours && h.token > token) {
            err_set(e, ERR_CANCELLED, "a later run of this mirror is at work");
            goto failed;
        }
        if (token > 0 && ours && h.token > 0 && h.token < token)
            kill_holders(fd, &h);
        if (clock_monotonic_ms() >= until) {
            err_set(e, ERR_TRANSIENT, "another run of this mirror is at work");
            goto failed;
        }
        pause_a_moment();
    }
    if (write_holder(path, token, e) == 0)
        return fd;
failed:
    close(fd);
    return -1;
}

void lock_adopt_strays(void)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* The parent of a process, 0: not known. */
static pid_t parent_of(const char *pid)
{
    char path[300], text[512] = "";
    long parent = 0;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *after = strrchr(text, ')'); /* the program's name may hold anything */
    return after && sscanf(after, ") %*c %ld", &parent) == 1 ? (pid_t)parent : 0;
}

static bool is_one_of(pid_t pid, const pid_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == pid)
            return true;
    return false;
}

int lock_kill_strays(const pid_t *but, size_t count)
{
    bool found = true;
    for (int round = 0; found && round < 100; round++) {
        struct dirent *d;
        DIR *dir = opendir("/proc");
        found = false;
        while (dir && (d = readdir(dir))) {
            pid_t pid = is_number(d->d_name) ? (pid_t)atol(d->d_name) : 0;
            if (pid > 1 && !is_one_of(pid, but, count) && parent_of(d->d_name) == getpid()) {
                found = true; /* its own children come to us by that */
                kill(pid, SIGKILL);
                waitpid(pid, NULL, 0);
            }
        }
        if (!dir)
            return -1;
        closedir(dir);
    }
    return found ? -1 : 0;
}
