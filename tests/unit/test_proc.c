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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_failures_apart),
        cmocka_unit_test(a_full_disk_is_none_of_the_input),
    };
    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
