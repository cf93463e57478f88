// SPDX-License-Identifier: Apache-2.0
/* core/archive/place: nothing outside a folder is opened through a name inside it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/archive/place.h"
#include "core/base/file.h"

static char dir[] = "/tmp/deb-status-test.XXXXXX";

static const char *in(const char *name)
{
    static char path[2][512];
    static int turn;
    snprintf(path[turn ^= 1], sizeof path[0], "%s/%s", dir, name);
    return path[turn];
}

static void touch(const char *name)
{
    int fd = open(in(name), O_WRONLY | O_CREAT | O_EXCL, 0644);
    assert_true(fd >= 0);
    close(fd);
}

static int start(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(mkdir(in("root"), 0755), 0);
    assert_int_equal(mkdir(in("root/pool"), 0755), 0);
    assert_int_equal(mkdir(in("outside"), 0755), 0);
    touch("outside/file");
    touch("root/pool/file");
    assert_int_equal(symlink("../outside", in("root/link")), 0);
    assert_int_equal(symlink("file", in("root/pool/link")), 0);
    assert_int_equal(mkfifo(in("root/pool/fifo"), 0644), 0);
    return 0;
}

static int end(void **state)
{
    static const char *const files[] = {"root/pool/fifo", "root/pool/link", "root/pool/file",
                                        "root/link", "outside/file"};
    static const char *const folders[] = {"root/pool", "root", "outside", ""};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(in(files[i]));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        assert_int_equal(rmdir(in(folders[i])), 0);
    return 0;
}

static void opens_only_plain_files_below(void **state)
{
    static const struct {
        const char *name;
        int error;
    } cases[] = {
        {"pool/absent", ENOENT},
        {"absent/file", ENOENT},
        {"pool/file/file", ENOTDIR},
        {"link/file", ELOOP},
        {"pool/link", ELOOP},
        {"pool", ENOTSUP},
        {"pool/fifo", ENOTSUP},
        {"../outside/file", EXDEV},
        {"pool/../pool/file", EXDEV},
        {"/etc/passwd", EXDEV},
        {"", EXDEV},
        {"pool//file", EXDEV},
        {"./pool/file", EXDEV},
    };
    (void)state;
    int root = open(in("root"), O_PATH | O_DIRECTORY), fd = place_open_beneath(root, "pool/file");
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fd = place_open_beneath(root, cases[i].name);
        if (fd >= 0 || errno != cases[i].error)
            fail_msg("%s: %d, errno %d", cases[i].name, fd, errno);
    }
    assert_int_equal(fcntl(root, F_GETFD) & ~FD_CLOEXEC, 0); /* the caller's stays open */
    close(root);
}

/* What is switched in one step has to lie on one file system. */
static void wants_one_file_system(void **state)
{
    struct arena a = ARENA_INIT;
    struct err e = {0};
    struct stat here, there;
    char other[] = "/dev/shm/deb-status-test.XXXXXX";
    (void)state;
    struct place p = place_of(&a, arena_printf(&a, "%s///", in("served")));
    assert_string_equal(p.root, in("served"));
    assert_string_equal(p.work, in("served.work"));
    assert_string_equal(place_of(&a, "/").root, "/");
    assert_int_equal(place_prepare(&a, &p, &e), 0);
    if (stat(dir, &here) == 0 && mkdtemp(other) && stat(other, &there) == 0 &&
        here.st_dev != there.st_dev) {
        struct place two = {p.root, other};
        assert_int_equal(place_prepare(&a, &two, &e), -1);
        assert_non_null(strstr(e.text, "not on one file system"));
    }
    struct place in_a_file = {p.root, in("root/pool/file")};
    assert_int_equal(place_prepare(&a, &in_a_file, &e), -1);
    in_a_file = (struct place){in("root/pool/file"), p.work};
    assert_int_equal(place_prepare(&a, &in_a_file, &e), -1);
    assert_int_equal(place_sync(in("absent"), &e), -1);
    assert_int_equal(place_sync_folder(in("absent"), &e), -1);
    if (strstr(other, "XXXXXX") == NULL)
        assert_int_equal(file_remove_tree(other, &e), 0);
    assert_int_equal(file_remove_tree(p.root, &e), 0);
    assert_int_equal(file_remove_tree(p.work, &e), 0);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(opens_only_plain_files_below),
                                       cmocka_unit_test(wants_one_file_system)};
    return cmocka_run_group_tests(tests, start, end);
}
