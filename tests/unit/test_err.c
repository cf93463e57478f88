// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"

/* A text of that many bytes, an odd number: two-byte characters from its second on. To be freed. */
static char *accents(size_t len)
{
    char *text = calloc(1, len + 1);
    for (size_t i = 0; i < len; i++)
        text[i] = i == 0 ? 'x' : i % 2 ? '\xc3' : '\xa9';
    return text;
}

static void says_what_and_where(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(err_set(&e, ERR_TRANSIENT, "no %s", "answer"), -1);
    assert_int_equal(err_context(&e, "suite %d", 7), -1);
    assert_string_equal(e.text, "suite 7: no answer");
    assert_int_equal(e.code, ERR_TRANSIENT);
    assert_int_equal(err_set(NULL, ERR_INPUT, "nobody listens"), -1);
    assert_int_equal(err_context(NULL, "nobody listens"), -1);
}

static void keeps_errno(void **state)
{
    (void)state;
    struct err e = {0};
    errno = ENOENT;
    assert_int_equal(err_errno(&e, "open %s", "f"), -1);
    assert_string_equal(e.text, "open f: No such file or directory");
    assert_int_equal(e.code, ERR_SYSTEM);
    assert_int_equal(errno, ENOENT);
}

static void takes_its_own_text_as_argument(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, ERR_INPUT, "a reason");
    err_set(&e, ERR_DENIED, "refused: %s", e.text);
    assert_string_equal(e.text, "refused: a reason");
    err_context(&e, "again: %s", e.text);
    assert_string_equal(e.text, "again: refused: a reason: refused: a reason");
}

static void is_one_line(void **state)
{
    (void)state;
    struct err e = {0};
    err_set(&e, ERR_INPUT, "one\ntwo\x7f\tthree");
    assert_string_equal(e.text, "one two  three");
}

/* The page and the database take whole characters only. */
static void cuts_between_characters(void **state)
{
    (void)state;
    struct err e = {0};
    for (size_t len = sizeof e.text - 3; len < sizeof e.text + 4; len += 2) {
        char *text = accents(len);
        err_set(&e, ERR_INPUT, "%s", text);
        assert_int_equal(strlen(e.text) % 2, 1); /* x, and pairs */
        assert_true(strlen(e.text) >= sizeof e.text - 4);
        assert_memory_equal(e.text, text, strlen(e.text));
        free(text);
    }
    char *text = accents(sizeof e.text + 1);
    err_set(&e, ERR_INPUT, "y");
    err_context(&e, "%s", text);
    assert_int_equal(strlen(e.text) % 2, 1);
    free(text);
}

static void keeps_the_end_of_the_detail(void **state)
{
    (void)state;
    struct err e = {0};
    char *raw = accents(3 * sizeof e.detail + 1);
    strcpy(raw + strlen(raw) - 6, "\nend\x01");
    assert_int_equal(err_detail(&e, raw, -1), -1);
    size_t len = strlen(e.detail);
    assert_true(len < sizeof e.detail && len > sizeof e.detail - 3);
    assert_string_equal(e.detail + len - 5, "\nend ");
    assert_int_equal((unsigned char)e.detail[0], 0xc3); /* a whole character */
    err_detail(&e, "short", 3);
    assert_string_equal(e.detail, "sho");
    err_set(&e, ERR_INPUT, "another");
    assert_string_equal(e.detail, "");
    free(raw);
}

static void knows_what_is_worth_another_try(void **state)
{
    (void)state;
    static const enum err_code passing[] = {ERR_TRANSIENT, ERR_NOT_READY, ERR_DATABASE, ERR_SYSTEM};
    static const enum err_code lasting[] = {ERR_INPUT, ERR_NOT_FOUND, ERR_DENIED, ERR_CANCELLED};
    for (size_t i = 0; i < 4; i++) {
        assert_true(err_is_transient(&(struct err){.code = passing[i]}));
        assert_false(err_is_transient(&(struct err){.code = lasting[i]}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_and_where),
        cmocka_unit_test(keeps_errno),
        cmocka_unit_test(takes_its_own_text_as_argument),
        cmocka_unit_test(is_one_line),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(keeps_the_end_of_the_detail),
        cmocka_unit_test(knows_what_is_worth_another_try),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
