// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/format/deb822.h"

static const char *const names[] = {"Package", "Version", "Files"};
static struct deb822_text values[3];

static struct deb822_reader reader(const char *text)
{
    struct deb822_reader r;
    deb822_open(&r, text, strlen(text));
    return r;
}

static void reads_paragraphs(void **state)
{
    (void)state;
    struct deb822_reader r = reader("\n\n# comment\nPackage: a\nversion:  1.0 \nOther: x\n y\n"
                                    "Files:\n h 1 a.dsc\n h 2 a.tar\n\n \nPackage: b");
    int line;
    struct err e;
    assert_int_equal(deb822_next(&r, names, values, 3, &line, &e), 1);
    assert_int_equal(line, 4);
    assert_true(deb822_equals(values[0], "a"));
    assert_true(deb822_equals(values[1], "1.0"));
    struct deb822_text l, w;
    assert_true(deb822_next_line(&values[2], &l));
    assert_int_equal(l.len, 0);
    assert_true(deb822_next_line(&values[2], &l));
    assert_true(deb822_equals(l, "h 1 a.dsc"));
    assert_true(deb822_next_word(&l, &w) && deb822_next_word(&l, &w) && deb822_next_word(&l, &w));
    assert_true(deb822_equals(w, "a.dsc"));
    assert_false(deb822_next_word(&l, &w));
    assert_true(deb822_next_line(&values[2], &l));
    assert_false(deb822_next_line(&values[2], &l));
    assert_int_equal(deb822_next(&r, names, values, 3, &line, &e), 1);
    assert_true(deb822_equals(values[0], "b"));
    assert_null(values[1].data);
    assert_int_equal(line, 13);
    assert_int_equal(deb822_next(&r, names, values, 3, &line, &e), 0);
}

/* deb822(5): anywhere, also between the lines of a field. */
static void passes_over_comments(void **state)
{
    (void)state;
    struct deb822_reader r = reader("Package: a\n# Package: b\n#no colon\nFiles:\n h 1 a.dsc\n"
                                    "# h 2 b.dsc\n h 3 c.dsc\n#\n\nPackage: c\n");
    struct deb822_text l;
    struct err e = {0};
    assert_int_equal(deb822_next(&r, names, values, 3, NULL, &e), 1);
    assert_true(deb822_equals(values[0], "a"));
    assert_true(deb822_next_line(&values[2], &l) && deb822_next_line(&values[2], &l));
    assert_true(deb822_equals(l, "h 1 a.dsc"));
    assert_int_equal(deb822_next(&r, names, values, 3, NULL, &e), 1);
    assert_true(deb822_equals(values[0], "c"));
    assert_int_equal(deb822_next(&r, names, values, 3, NULL, &e), 0);
}

static void goes_on_after_a_bad_paragraph(void **state)
{
    (void)state;
    static const char *const bad[] = {"no colon here", " a continuation first",
                                      "Package: a\nPackage: b", "-x: 1", "a b: 1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        snprintf(text, sizeof text, "Package: first\n\n%s\nVersion: 1\n\nPackage: last\n", bad[i]);
        struct deb822_reader r = reader(text);
        struct err e = {0};
        int line;
        assert_int_equal(deb822_next(&r, names, values, 3, &line, &e), 1);
        assert_int_equal(deb822_next(&r, names, values, 3, &line, &e), -1);
        assert_int_equal(line, 3);
        assert_int_equal(e.code, ERR_INPUT);
        assert_memory_equal(e.text, "line ", 5);
        assert_int_equal(deb822_next(&r, names, values, 3, &line, &e), 1);
        assert_true(deb822_equals(values[0], "last"));
        assert_int_equal(deb822_next(&r, names, values, 3, &line, &e), 0);
    }
}

static void keeps_the_paragraph_limit(void **state)
{
    (void)state;
    struct deb822_reader r = reader("Package: a\nVersion: 1.0\n\nPackage: b\n");
    struct err e;
    r.paragraph_max = 12;
    assert_int_equal(deb822_next(&r, names, values, 3, NULL, &e), -1);
    assert_int_equal(deb822_next(&r, names, values, 3, NULL, &e), 1);
    assert_true(deb822_equals(values[0], "b"));
}

static void compares_whole_texts(void **state)
{
    (void)state;
    const struct deb822_text text = {"abc", 3}, empty = {"abc", 0}, none = {NULL, 0};
    assert_true(deb822_equals(text, "abc"));
    assert_false(deb822_equals(text, "abd"));
    assert_false(deb822_equals(text, "ab"));
    assert_false(deb822_equals(text, "abcd"));
    assert_false(deb822_equals(text, ""));
    assert_true(deb822_equals(empty, ""));
    assert_false(deb822_equals(none, ""));
}

static void takes_no_nul(void **state)
{
    (void)state;
    static const char text[] = "Package: a\nVersion: 1\0-1\n\nPackage: b\n";
    struct deb822_reader r;
    struct err e = {0};
    deb822_open(&r, text, sizeof text - 1);
    assert_int_equal(deb822_next(&r, names, values, 3, NULL, &e), -1);
    assert_string_equal(e.text, "line 2: a NUL");
    assert_int_equal(deb822_next(&r, names, values, 3, NULL, &e), 1);
    assert_true(deb822_equals(values[0], "b"));
}

static void reads_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t size;
    } rows[] = {{"0", 0},   {"1234567890123", 1234567890123},
                {"", -1},   {"-1", -1},
                {"1 ", -1}, {"0x10", -1},
                {"1k", -1}, {"99999999999999999999", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t size;
        int rc = deb822_size((struct deb822_text){rows[i].text, strlen(rows[i].text)}, &size);
        assert_int_equal(rc ? -1 : size, rows[i].size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_paragraphs),
        cmocka_unit_test(passes_over_comments),
        cmocka_unit_test(goes_on_after_a_bad_paragraph),
        cmocka_unit_test(keeps_the_paragraph_limit),
        cmocka_unit_test(takes_no_nul),
        cmocka_unit_test(compares_whole_texts),
        cmocka_unit_test(reads_sizes),
    };
    return cmocka_run_group_tests_name("deb822", tests, NULL, NULL);
}
