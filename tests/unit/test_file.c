// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"

static char top[] = "/tmp/deb-status-file-XXXXXX";

/* Valid until the fourth next call. */
static const char *in_top(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", top, name);
    return path;
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    return lstat(in_top(name), &st) == 0 ? st.st_mode & 07777 : 0;
}

static void assert_holds(const char *name, const char *text)
{
    struct buf out = BUF_INIT;
    assert_int_equal(file_read(in_top(name), 100, &out, NULL), 0);
    assert_string_equal(buf_str(&out), text);
    buf_free(&out);
}

static void reads_up_to_the_limit(void **state)
{
    (void)state;
    struct buf out = BUF_INIT;
    struct err e = {0};
    buf_add_str(&out, "before ");
    assert_int_equal(file_write(in_top("f"), "12345", 5, 0600, &e), 0);
    assert_int_equal(file_read(in_top("f"), 4, &out, &e), -1);
    assert_int_equal(e.code, ERR_INPUT);
    assert_string_equal(buf_str(&out), "before "); /* as if nothing had been read */
    assert_int_equal(file_read(in_top("f"), 5, &out, &e), 0);
    assert_string_equal(buf_str(&out), "before 12345");
    assert_int_equal(file_read(in_top("absent"), 5, &out, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    buf_free(&out);
}

static void writes_whole_files_of_that_mode(void **state)
{
    (void)state;
    struct err e = {0};
    mode_t before = umask(077);
    assert_int_equal(file_write(in_top("w"), "one", 3, 0644, &e), 0);
    assert_int_equal(mode_of("w"), 0644);
    assert_int_equal(file_write(in_top("w"), "other", 5, 0600, &e), 0);
    umask(before);
    assert_int_equal(mode_of("w"), 0600);
    assert_holds("w", "other");
    assert_int_equal(file_write(in_top("no/folder"), "x", 1, 0600, &e), -1);
    assert_int_equal(e.code, ERR_SYSTEM);
}

static void a_link_is_replaced_and_not_followed(void **state)
{
    (void)state;
    assert_int_equal(file_write(in_top("kept"), "kept", 4, 0600, NULL), 0);
    assert_int_equal(symlink("kept", in_top("link")), 0);
    assert_int_equal(file_write(in_top("link"), "new", 3, 0600, NULL), 0);
    assert_holds("kept", "kept");
    assert_holds("link", "new");
}

static void makes_folders(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(file_make_dirs(in_top("a//b/c/"), 0755, &e), 0);
    assert_int_equal(file_make_dirs(in_top("a/b/c"), 0755, &e), 0);
    assert_int_equal(file_write(in_top("a/file"), "", 0, 0600, &e), 0);
    assert_int_equal(file_make_dirs(in_top("a/file"), 0755, &e), -1);
    assert_int_equal(file_make_dirs(in_top("a/file/d"), 0755, &e), -1);
}

static void removes_a_tree_and_follows_no_link(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(file_make_dirs(in_top("outside"), 0755, &e), 0);
    assert_int_equal(file_write(in_top("outside/f"), "stays", 5, 0600, &e), 0);
    assert_int_equal(file_make_dirs(in_top("tree/x/y"), 0755, &e), 0);
    assert_int_equal(symlink("../../outside", in_top("tree/x/link")), 0);
    assert_int_equal(file_remove_tree(in_top("tree"), &e), 0);
    assert_false(file_exists(in_top("tree")));
    assert_holds("outside/f", "stays");
    assert_int_equal(file_remove_tree(in_top("tree"), &e), 0); /* absent is no error */
}

static void removes_nothing_of_another_file_system(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(file_make_dirs(in_top("mounts/disk"), 0755, &e), 0);
    if (mount("none", in_top("mounts/disk"), "tmpfs", 0, NULL)) {
        print_message("no right to mount here\n");
        skip();
    }
    assert_int_equal(file_write(in_top("mounts/disk/f"), "stays", 5, 0600, &e), 0);
    assert_int_equal(file_remove_tree(in_top("mounts"), &e), -1);
    bool stays = file_exists(in_top("mounts/disk/f"));
    umount(in_top("mounts/disk"));
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_true(stays);
}

static void copies_to_new_files_alone(void **state)
{
    (void)state;
    struct err e = {0};
    struct stat a, b;
    assert_int_equal(file_write(in_top("from"), "text", 4, 0600, &e), 0);
    assert_int_equal(file_copy(in_top("from"), in_top("to"), 0640, &e), 0);
    assert_holds("to", "text");
    assert_int_equal(stat(in_top("from"), &a) | stat(in_top("to"), &b), 0);
    assert_true(a.st_ino != b.st_ino);
    assert_int_equal(file_copy(in_top("kept"), in_top("to"), 0640, &e), -1);
    assert_holds("to", "text");
}

static void joins_with_one_slash(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"/a", "b", "/a/b"}, {"/a/", "/b", "/a/b"}, {"/", "b", "/b"}, {"a//", "b/c", "a/b/c"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = file_join(cases[i][0], cases[i][1]);
        assert_string_equal(path, cases[i][2]);
        free(path);
    }
}

static int make_top(void **state)
{
    (void)state;
    return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
    (void)state;
    return file_remove_tree(top, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_up_to_the_limit),
        cmocka_unit_test(writes_whole_files_of_that_mode),
        cmocka_unit_test(a_link_is_replaced_and_not_followed),
        cmocka_unit_test(makes_folders),
        cmocka_unit_test(removes_a_tree_and_follows_no_link),
        cmocka_unit_test(removes_nothing_of_another_file_system),
        cmocka_unit_test(copies_to_new_files_alone),
        cmocka_unit_test(joins_with_one_slash),
    };
    return cmocka_run_group_tests_name("file", tests, make_top, remove_top);
}
