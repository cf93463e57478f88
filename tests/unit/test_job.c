// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/queue/job.h"
#include "core/queue/report.h"

static int ends[2];
static struct job job;
static struct buf in;

static int open_job(void **state)
{
    (void)state;
    log_open("test", LOG_ERROR); /* the lines themselves are not what this looks at */
    job = (struct job){.id_text = "17", .step = ""};
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC))
        return -1;
    job.pipe = ends[1];
    return 0;
}

static int close_job(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    buf_free(&in);
    return 0;
}

/* How many frames came since the last call; *last is the last one, *first (or NULL) the first. */
static int take_frames(struct report *first, struct report *last)
{
    int n = 0;
    size_t at = 0;
    buf_reset(&in);
    ssize_t got = read(ends[0], buf_reserve(&in, 65536), 65536);
    in.len = got > 0 ? (size_t)got : 0;
    while (report_next(&in, &at, last) == 1)
        if (n++ == 0 && first)
            *first = *last;
    assert_int_equal(at, in.len);
    return n;
}

static void sends_progress_now_and_then_and_at_the_end(void **state)
{
    (void)state;
    struct report first, last;
    for (int i = 1; i <= 1000; i++)
        job_progress(&job, i, 1000, "files");
    int n = take_frames(&first, &last);
    assert_in_range(n, 2, 50); /* twice a second, on however slow a machine */
    assert_int_equal(first.type, REPORT_PROGRESS);
    assert_string_equal(first.fields[0], "1");
    assert_string_equal(last.fields[0], "1000");
    assert_string_equal(last.fields[1], "1000");
    assert_string_equal(last.fields[2], "files");
}

static void a_step_begins_progress_anew(void **state)
{
    (void)state;
    struct report first, last;
    job_progress(&job, 1, 0, "rows");
    take_frames(NULL, &last);
    job_step(&job, "write");
    job_progress(&job, 1, 0, "files");
    assert_int_equal(take_frames(&first, &last), 2);
    assert_int_equal(first.type, REPORT_STEP);
    assert_string_equal(first.fields[0], "write");
    assert_string_equal(last.fields[2], "files");
    assert_string_equal(job.step, "write");
}

static void a_line_is_one_line_unless_raw(void **state)
{
    (void)state;
    struct report last;
    job_log(&job, JOB_WARN, "%s", "a\nb\tc\x1b");
    assert_int_equal(take_frames(NULL, &last), 1);
    assert_int_equal(last.type, REPORT_LINE);
    assert_string_equal(last.fields[0], "1");
    assert_string_equal(last.fields[2], "a b c ");
    job_log(&job, JOB_RAW, "%s", "a\nb\tc");
    assert_int_equal(take_frames(NULL, &last), 1);
    assert_string_equal(last.fields[0], "3");
    assert_string_equal(last.fields[2], "a\nb c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sends_progress_now_and_then_and_at_the_end, open_job,
                                        close_job),
        cmocka_unit_test_setup_teardown(a_step_begins_progress_anew, open_job, close_job),
        cmocka_unit_test_setup_teardown(a_line_is_one_line_unless_raw, open_job, close_job)};
    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
