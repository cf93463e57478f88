// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/archive/indexes.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_sizes_without_overflow),
        cmocka_unit_test(says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
