// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/base/utf8.h"

static const struct {
    const char *in, *out;
} cases[] = {
    {"", ""},
    {"plain", "plain"},
    {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"caf\xe9", "caf?"},
    {"\xc3", "?"},
    {"\xe2\x82", "??"},
    {"\xe2\x82z", "??z"},
    {"\xc0\xaf", "??"},           /* overlong */
    {"\xe0\x80\xaf", "???"},      /* overlong */
    {"\xf0\x80\x80\xaf", "????"}, /* overlong */
    {"\xed\xa0\x80", "???"},      /* a surrogate */
    {"\xed\x9f\xbf", "\xed\x9f\xbf"},
    {"\xf4\x90\x80\x80", "????"}, /* above U+10FFFF */
    {"\xf5\x80\x80\x80", "????"},
    {"\x80\xbf", "??"},
    {"a\xff"
     "b",
     "a?b"},
};

static void cleans_what_is_no_character(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[32];
        snprintf(text, sizeof text, "%s", cases[i].in);
        utf8_clean(text);
        assert_string_equal(text, cases[i].out);
    }
}

static void looks_no_further_than_what_is_there(void **state)
{
    (void)state;
    static const char euro[] = "\xe2\x82\xac";
    assert_int_equal(utf8_length(euro, 3), 3);
    assert_int_equal(utf8_length(euro, 2), 0);
    assert_int_equal(utf8_length(euro, 1), 0);
    assert_int_equal(utf8_length("\0", 1), 1);
    assert_int_equal(utf8_length("ab", 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cleans_what_is_no_character),
                                       cmocka_unit_test(looks_no_further_than_what_is_there)};
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
