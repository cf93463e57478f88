// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/upstream/stall.h"

static void make_pair(int pair[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
}

/* A read that nothing answers ends; a socket from before stays usable. */
static void test_stalled(void **state)
{
    (void)state;
    int before[2], after[2];
    char c = 'x';
    make_pair(before);
    stall_begin(200);
    make_pair(after);
    assert_int_equal(read(after[0], &c, 1), 0);
    assert_true(stall_end());
    assert_int_equal(write(before[1], "y", 1), 1);
    assert_int_equal(read(before[0], &c, 1), 1);
    for (int i = 0; i < 2; i++) {
        close(before[i]);
        close(after[i]);
    }
}

static void test_progress(void **state)
{
    (void)state;
    int pair[2];
    char c;
    stall_begin(60000);
    make_pair(pair);
    stall_progress();
    assert_int_equal(write(pair[1], "y", 1), 1);
    assert_int_equal(read(pair[0], &c, 1), 1);
    assert_false(stall_end());
    close(pair[0]);
    close(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stalled),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests_name("stall", tests, NULL, NULL);
}
