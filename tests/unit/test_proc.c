// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/proc.h"

static enum err_code run(const char *const *argv, struct err *e)
{
    struct proc_spec spec = {.argv = argv};
    struct proc_result r;
    int rc = proc_run_ok(&spec, &r, e);
    assert_int_equal(rc == 0, r.exit_code == 0);
    proc_result_free(&r);
    return rc == 0 ? ERR_NONE : e->code;
}

static void tells_failures_apart(void **state)
{
    const char *const good[] = {"true", NULL}, *const bad[] = {"false", NULL},
                      *const killed[] = {"sh", "-c", "kill -9 $$", NULL};
    struct err e = {0};
    (void)state;
    assert_int_equal(run(good, &e), ERR_NONE);
    assert_int_equal(run(bad, &e), ERR_INPUT);
    assert_int_equal(run(killed, &e), ERR_TRANSIENT);
}

/* Nothing is wrong with what the program was given: another try may do. */
static void a_full_disk_is_none_of_the_input(void **state)
{
    const char *const argv[] = {"dd", "if=/dev/zero", "of=/dev/full", "count=1", NULL};
    struct err e = {0};
    (void)state;
    assert_int_equal(run(argv, &e), ERR_SYSTEM);
    assert_string_equal(e.text, "dd: No space left on device");
    assert_true(err_is_transient(&e));
    assert_non_null(strstr(e.detail, "/dev/full"));
}

/* The reason of a failure usually stands at the end. */
static void keeps_the_end_of_what_is_said(void **state)
{
    static const char *const argv[] = {"sh", "-c", "seq 1 3000; seq 1 2000 >&2", NULL};
    struct proc_spec spec = {.argv = argv, .output_max = 100};
    struct proc_result r;
    (void)state;
    assert_int_equal(proc_run_ok(&spec, &r, NULL), 0);
    assert_int_equal(r.out.len, 100);
    assert_string_equal(buf_str(&r.out) + 85, "2998\n2999\n3000\n");
    assert_int_equal(r.err.len, 100);
    assert_string_equal(buf_str(&r.err) + 90, "1999\n2000\n");
    proc_result_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_end_of_what_is_said),
        cmocka_unit_test(tells_failures_apart),
        cmocka_unit_test(a_full_disk_is_none_of_the_input),
    };
    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
