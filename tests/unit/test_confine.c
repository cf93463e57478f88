// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/worker/confine.h"

static char folder[] = "/tmp/deb-status-confine-XXXXXX";

/* Valid until the next call. */
static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* 0, or errno. */
static int write_file(const char *name)
{
    int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static int move(const char *from, const char *to)
{
    char a[256], b[256];
    snprintf(a, sizeof a, "%s/%s", folder, from);
    snprintf(b, sizeof b, "%s/%s", folder, to);
    return rename(a, b) ? errno : 0;
}

/* In a process of its own, as there is no way back. Returns the first wrong line, 0: none. */
static int try_all(bool archive)
{
    char data[256], root[256], tmp[256];
    struct arena a = ARENA_INIT;
    struct err e = {0};
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(root, sizeof root, "%s/archive/debian", folder);
    snprintf(tmp, sizeof tmp, "%s/tmp", folder);
    struct config config = {.data = data, .publish_root = root};
    setenv("TMPDIR", tmp, 1);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (confine_writes(&config, archive, &a, &e)) {
        fprintf(stderr, "%s\n", e.text);
        return __LINE__;
    }
#define EXPECT(condition)                                                                          \
    if (!(condition))                                                                              \
    return __LINE__
    EXPECT(write_file("data/x") == 0);
    EXPECT(write_file("tmp/x") == 0);
    EXPECT(write_file("x") == EACCES);
    EXPECT(write_file("before") == EACCES); /* one that is there */
    EXPECT(move("data/x", "x") != 0);
    EXPECT(write_file("archive/debian/x") == (archive ? 0 : EACCES));
    EXPECT(write_file("archive/x") == EACCES);
    EXPECT(mkfifo(in_folder("data/fifo"), 0600) == 0 && unlink(in_folder("data/fifo")) == 0);
    EXPECT(mknod(in_folder("data/device"), S_IFCHR | 0600, 0) != 0);
    if (archive) { /* what publishing does */
        EXPECT(write_file("archive/debian.work/y") == 0);
        EXPECT(move("archive/debian.work/y", "archive/debian/y") == 0);
    }
    EXPECT(open("/dev/null", O_WRONLY) >= 0);
    EXPECT(open("/proc/self/exe", O_RDONLY) >= 0); /* reading is free */
    arena_free(&a);
    return 0;
}

static bool can_read(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* What libgit2 and libyaml read comes from strangers; the signing key and the senders' secrets are
 * files of the same user. */
static int try_upstreams(const char *repository, bool reads_all)
{
    char data[256], list[256], tmp[256];
    struct arena a = ARENA_INIT;
    struct err e = {0};
    snprintf(data, sizeof data, "%s/data", folder);
    snprintf(list, sizeof list, "%s/list", folder);
    snprintf(tmp, sizeof tmp, "%s/tmp", folder);
    setenv("TMPDIR", tmp, 1);
    struct config config = {.data = data};
    struct config_repository one = {.location = repository};
    const struct config_upstream kinds[] = {
        {.kind = UPSTREAM_FILE, .path = list},
        {.kind = UPSTREAM_RELEASES, .repository = repository},
        {.kind = UPSTREAM_TAGS, .repositories = &one, .repository_count = 1},
    };
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    EXPECT(can_read(in_folder("before")));
    for (size_t i = 1; i < 3; i++) {
        struct upstream both[] = {{.config = &kinds[0]}, {.config = &kinds[i]}};
        EXPECT(confine_upstreams(&config, both, 2, &a, &e) == 0);
        EXPECT(can_read(in_folder("before")) == reads_all);
    }
    EXPECT(can_read(in_folder("list")));
    EXPECT(can_read("/etc/passwd") && can_read("/proc/self/maps"));
    EXPECT(reads_all || !can_read("/proc/1/status"));
    EXPECT(write_file("data/x") == 0 && can_read(in_folder("data/x")));
    arena_free(&a);
    return 0;
}

static int try_far(void)
{
    return try_upstreams("https://git.example.org/releases", false);
}

static int try_near(void)
{
    return try_upstreams("/srv/releases", true);
}

static int try_file_url(void)
{
    return try_upstreams("file:///srv/releases", true);
}

static void check_upstreams(int (*try)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(try());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status))
        fail_msg("line %d", WEXITSTATUS(status));
}

static void check(bool archive)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(try_all(archive));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status))
        fail_msg("archive %d: line %d", archive, WEXITSTATUS(status));
}

static void lets_a_job_write_to_its_own(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1) < 2) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    check(false);
    check(true);
}

static void lets_upstreams_read_no_secret(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, 1) < 2) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    check_upstreams(try_far);
    check_upstreams(try_near);
    check_upstreams(try_file_url);
}

static int make_folder(void **state)
{
    (void)state;
    char path[256];
    if (!mkdtemp(folder) || write_file("before") || write_file("list"))
        return -1;
    snprintf(path, sizeof path, "%s/tmp", folder);
    if (mkdir(path, 0755))
        return -1;
    snprintf(path, sizeof path, "%s/archive/debian", folder);
    return file_make_dirs(path, 0755, NULL);
}

static int remove_folder(void **state)
{
    (void)state;
    return file_remove_tree(folder, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lets_a_job_write_to_its_own),
                                       cmocka_unit_test(lets_upstreams_read_no_secret)};
    return cmocka_run_group_tests_name("confine", tests, make_folder, remove_folder);
}
