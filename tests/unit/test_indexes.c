// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/archive/indexes.h"
#include "core/base/file.h"

/* A host may announce sizes whose sum is beyond 64 bits: it is above every limit all the same. */
static void sums_sizes_without_overflow(void **state)
{
    struct release_entry entries[40] = {{.name = NULL}};
    struct index_file files[40] = {{.entry = NULL}};
    const char *names[40];
    struct indexes x = {.files = files, .count = 40};
    int64_t bytes, largest;
    (void)state;
    for (size_t i = 0; i < 40; i++) {
        entries[i].size = INT64_MAX / 20;
        files[i].entry = &entries[i];
    }
    assert_int_equal(indexes_wanted(&x, names, &bytes, &largest), 40);
    assert_true(bytes == INT64_MAX);
    assert_true(largest == INT64_MAX / 20);
}

/* A published tree that has lost files: an error, not a crash. */
static void says_what_is_missing(void **state)
{
    struct arena a = ARENA_INIT;
    struct release_entry entry = {.name = "main/binary-amd64/Packages", .kind = PATHS_PACKAGES};
    struct index_file file = {.entry = &entry, .plain = entry.name};
    struct indexes x = {.a = &a, .staged = "/", .published = "/", .files = &file, .count = 1};
    struct err e = {0};
    (void)state;
    assert_int_equal(indexes_open(&x, &e), -1);
    assert_non_null(strstr(e.text, "main/binary-amd64/Packages is missing"));
    indexes_close(&x);
    arena_free(&a);
}

/* What a transfer may write is never what is served. */
static void seeds_a_copy(void **state)
{
    struct arena a = ARENA_INIT;
    struct release_entry entry = {
        .name = "main/Packages", .kind = PATHS_PACKAGES, .size = 3, .sums = {NULL}};
    struct index_file file = {.entry = &entry, .plain = entry.name};
    char top[] = "/tmp/deb-status-test.XXXXXX";
    struct stat st;
    struct err e = {0};
    (void)state;
    assert_non_null(mkdtemp(top));
    struct indexes x = {.a = &a,
                        .staged = arena_printf(&a, "%s/staged", top),
                        .published = arena_printf(&a, "%s/published", top),
                        .files = &file,
                        .count = 1};
    const char *from = arena_printf(&a, "%s/main/Packages", x.published);
    assert_int_equal(file_make_dirs(arena_printf(&a, "%s/main", x.published), 0755, &e), 0);
    assert_int_equal(file_write(from, "older", 5, 0644, &e), 0);
    assert_int_equal(indexes_seed(&x, &e), 0);
    assert_int_equal(stat(from, &st), 0);
    assert_int_equal(st.st_nlink, 1);
    assert_int_equal(stat(arena_printf(&a, "%s/main/Packages", x.staged), &st), 0);
    assert_int_equal(st.st_size, 5);
    /* nothing was sent for it: it is missing, not altered */
    assert_int_equal(indexes_verify(&x, &e), -1);
    assert_non_null(strstr(e.text, "is missing"));
    assert_int_equal(file_remove_tree(top, &e), 0);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_sizes_without_overflow),
        cmocka_unit_test(says_what_is_missing),
        cmocka_unit_test(seeds_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
