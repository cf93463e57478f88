// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/queue/report.h"

/* What was sent, as the other side reads it. */
static void send_and_read(struct buf *in, enum report_type type, const char *a, const char *b,
                          const char *c)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(report_send(ends[1], type, a, b, c), 0);
    close(ends[1]);
    ssize_t n;
    while ((n = read(ends[0], buf_reserve(in, 65536), 65536)) > 0)
        in->len += (size_t)n;
    close(ends[0]);
}

static void goes_through_in_order(void **state)
{
    (void)state;
    struct buf in = BUF_INIT;
    struct report r;
    size_t at = 0;
    send_and_read(&in, REPORT_STEP, "fetch", NULL, NULL);
    send_and_read(&in, REPORT_PROGRESS, "3", "12", "files");
    assert_int_equal(report_next(&in, &at, &r), 1);
    assert_int_equal(r.type, REPORT_STEP);
    assert_string_equal(r.fields[0], "fetch");
    assert_string_equal(r.fields[2], "");
    assert_int_equal(report_next(&in, &at, &r), 1);
    assert_string_equal(r.fields[2], "files");
    assert_int_equal(report_next(&in, &at, &r), 0);
    assert_int_equal(at, in.len);
    buf_free(&in);
}

/* A text of any length fits into a frame, cut before a character and not within. */
static void cuts_long_fields(void **state)
{
    (void)state;
    struct buf in = BUF_INIT;
    struct report r;
    size_t at = 0, room = 100000;
    char *text = malloc(room + 1);
    assert_non_null(text);
    for (size_t i = 0; i < room; i++)
        text[i] = "\xe2\x82\xac"[i % 3];
    text[room] = '\0';
    send_and_read(&in, REPORT_LINE, text, text + 3, text);
    assert_true(in.len <= REPORT_MAX + sizeof(uint32_t));
    assert_int_equal(report_next(&in, &at, &r), 1);
    for (size_t i = 0; i < REPORT_FIELDS; i++) {
        assert_true(strlen(r.fields[i]) > 1000);
        assert_int_equal(strlen(r.fields[i]) % 3, 0);
    }
    free(text);
    buf_free(&in);
}

/* Every prefix of a frame is not complete yet; none reads beyond what is there. */
static void waits_for_the_rest(void **state)
{
    (void)state;
    struct buf in = BUF_INIT;
    struct report r;
    send_and_read(&in, REPORT_FAILED, "retry", "no", "words");
    for (size_t len = 0; len < in.len; len++) {
        char *copy = malloc(len + 1); /* its own block: a sanitizer sees what is read beyond */
        assert_non_null(copy);
        memcpy(copy, in.data, len);
        struct buf part = {copy, len, len + 1};
        size_t at = 0;
        assert_int_equal(report_next(&part, &at, &r), 0);
        assert_int_equal(at, 0);
        free(copy);
    }
    buf_free(&in);
}

static void refuses_what_is_no_frame(void **state)
{
    (void)state;
    static const struct {
        uint32_t length;
        const char *text;
    } cases[] = {{0, "D"}, {1, "D"}, {UINT32_MAX, "D"}, {REPORT_MAX + 1, "D"}, {2, "Dx"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf in = BUF_INIT;
        struct report r;
        size_t at = 0;
        buf_add(&in, &cases[i].length, sizeof cases[i].length);
        buf_add_str(&in, cases[i].text);
        assert_int_equal(report_next(&in, &at, &r), -1);
        buf_free(&in);
    }
}

static void says_where_nobody_reads(void **state)
{
    (void)state;
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(report_send(ends[1], REPORT_DONE, NULL, NULL, NULL), -1);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_through_in_order), cmocka_unit_test(cuts_long_fields),
        cmocka_unit_test(waits_for_the_rest), cmocka_unit_test(refuses_what_is_no_frame),
        cmocka_unit_test(says_where_nobody_reads)};
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
