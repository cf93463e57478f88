// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/upstream/upstreams.h"

static void shows_no_password_of_an_address(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"https://opendev.org/openstack/releases", "https://opendev.org/openstack/releases"},
        {"https://me:secret@example.org/x", "https://example.org/x"},
        {"https://me:se@cret@example.org/x?token=secret#y", "https://example.org/x"},
        {"https://example.org/x@y", "https://example.org/x@y"},
        {"/srv/git/releases", "/srv/git/releases"},
        {"host:path@x", "host:path@x"}};
    struct arena a = ARENA_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(upstreams_public_location(&a, cases[i][0]), cases[i][1]);
    arena_free(&a);
}

static void shows_no_password_in_others_words(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"failed to connect to example.org", "failed to connect to example.org"},
        {"cannot reach 'https://me:secret@example.org/x', nor http://a@b:1",
         "cannot reach 'https://example.org/x', nor http://b:1"},
        {"//me:se@cret@host", "//host"},
        {"https://example.org/x@y", "https://example.org/x@y"},
        {"mail me@example.org", "mail me@example.org"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = BUF_INIT;
        upstreams_add_public_words(&out, cases[i][0]);
        assert_string_equal(buf_str(&out), cases[i][1]);
        buf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shows_no_password_of_an_address),
                                       cmocka_unit_test(shows_no_password_in_others_words)};
    return cmocka_run_group_tests_name("upstreams", tests, NULL, NULL);
}
