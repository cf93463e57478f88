// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"

static int pipe_ends[2], kept_stderr;
static char said[1024];

/* stderr goes into a pipe until it is taken. */
static void listen_to_stderr(void)
{
    kept_stderr = dup(STDERR_FILENO);
    assert_int_equal(pipe2(pipe_ends, O_NONBLOCK), 0);
    assert_true(dup2(pipe_ends[1], STDERR_FILENO) >= 0);
}

static const char *take_stderr(void)
{
    ssize_t n = read(pipe_ends[0], said, sizeof said - 1);
    said[n > 0 ? n : 0] = '\0';
    dup2(kept_stderr, STDERR_FILENO);
    close(kept_stderr);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return said;
}

static void is_one_line_of_pairs(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_open("test", LOG_INFO);
    listen_to_stderr();
    log_event(LOG_WARN, "event", "job", log_num(17), "none", NULL, "kind", "mirror", NULL);
    assert_string_equal(take_stderr(), "test: warning: event job=17 kind=mirror\n");
}

static void lets_no_value_steer_it(void **state)
{
    (void)state;
    log_open("test", LOG_INFO);
    listen_to_stderr();
    log_event(LOG_INFO, "event", "a", "two words", "b", "", "c", "x\ny\x1b[31m\x7f", "d",
              "q\"\\=", NULL);
    assert_string_equal(take_stderr(), "test: info: event a=\"two words\" b=\"\" "
                                       "c=\"x\\ny\\x1b[31m\\x7f\" d=\"q\\\"\\\\=\"\n");
}

static void writes_levels_as_the_journal_reads_them(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    log_open("test", LOG_INFO);
    listen_to_stderr();
    log_event(LOG_ERROR, "event", NULL);
    assert_string_equal(take_stderr(), "<3>test: event\n");
    unsetenv("JOURNAL_STREAM");
}

static void drops_what_is_above_its_level(void **state)
{
    (void)state;
    log_open("test", LOG_NOTE);
    listen_to_stderr();
    log_event(LOG_INFO, "event", NULL);
    assert_string_equal(take_stderr(), "");
    setenv("DEB_STATUS_LOG", "debug", 1);
    log_open("test", LOG_NOTE);
    listen_to_stderr();
    log_event(LOG_DEBUG, "event", NULL);
    assert_string_equal(take_stderr(), "test: debug: event\n");
    unsetenv("DEB_STATUS_LOG");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_one_line_of_pairs),
                                       cmocka_unit_test(lets_no_value_steer_it),
                                       cmocka_unit_test(writes_levels_as_the_journal_reads_them),
                                       cmocka_unit_test(drops_what_is_above_its_level)};
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
