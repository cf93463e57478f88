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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cleans_what_is_no_character)};
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
