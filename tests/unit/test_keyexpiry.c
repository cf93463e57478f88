// SPDX-License-Identifier: Apache-2.0
/* When a keyring's last key ends, from gpg's colon lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/archive/keyexpiry.h"

static void expect(const char *colons, time_t expected)
{
    struct err e = {.code = ERR_NONE};
    time_t got = 1;
    assert_int_equal(keyexpiry_of(colons, &got, &e), 0);
    assert_int_equal(got, expected);
}

static void test_ends(void **state)
{
    (void)state;
    expect("pub:-:255:22:AAAA:1700000000:1800000000::-:::scSC::::::23::0:\nfpr:::::::::X:\n"
           "uid:-::::1700000000::H::a <a@b>::::::::::0:\n",
           1800000000);
    expect("pub:-:255:22:AAAA:1700000000:::-:::scSC:::\n", 0); /* no end */
    /* of several keys the one that lasts longest */
    expect("pub:-:255:22:A:1:1800000000::-:::scSC:::\npub:-:255:22:B:1:1900000000::-:::scSC:::\n",
           1900000000);
    expect("pub:-:255:22:A:1:1800000000::-:::scSC:::\npub:-:255:22:B:1:::-:::scSC:::\n", 0);
    /* an expired one is told as it is */
    expect("pub:e:255:22:A:1:1500000000::-:::sc:::\n", 1500000000);
}

static void test_subkeys(void **state)
{
    (void)state;
    /* the primary key only certifies: its subkey signs, and ends with it */
    expect("pub:-:255:22:A:1:1800000000::-:::cSC:::\nsub:-:255:22:B:1:1700000000:::::s:::\n",
           1700000000);
    expect("pub:-:255:22:A:1:1800000000::-:::cSC:::\nsub:-:255:22:B:1::::::s:::\n", 1800000000);
    expect("pub:-:255:22:A:1:1800000000::-:::cSC:::\nsub:-:255:18:B:1:1900000000:::::e:::\n"
           "sub:-:255:22:C:1:1600000000:::::s:::\n",
           1600000000);
    /* a revoked one signs nothing */
    expect("pub:-:255:22:A:1:1800000000::-:::cSC:::\nsub:r:255:22:B:1:1790000000:::::s:::\n"
           "sub:-:255:22:C:1:1600000000:::::s:::\n",
           1600000000);
}

static void test_nothing_signs(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "\n",
                                        "pub",
                                        "pub:",
                                        "tru::1:1:0:3:1:5\n",
                                        "pub:r:255:22:A:1:1800000000::-:::scSC:::\n",
                                        "pub:-:255:22:A:1:1800000000::-:::cC:::\n",
                                        "sub:-:255:22:B:1:1700000000:::::e:::\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct err e = {.code = ERR_NONE};
        time_t got;
        assert_int_equal(keyexpiry_of(texts[i], &got, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
    }
}

/* What `deb-status check` tells of a file. */
static void test_lists(void **state)
{
    (void)state;
    struct keyexpiry_list list;
    keyexpiry_read_lines("pub:-:255:22:A:1:1800000000::-:::cSC:::\nsub:-:255:22:B:1::::::s:::\n"
                         "pub:r:255:22:C:1:::-:::scSC:::\npub:-:255:22:D:1:1600000000::-:::sc:::\n"
                         "pub:e:255:22:E:1:1500000000::-:::sc:::\npub:-:255:22:F:1:::-:::cC:::\n",
                         1700000000, &list);
    assert_int_equal(list.keys, 4);
    assert_int_equal(list.revoked, 1);
    assert_int_equal(list.expired, 2);
    assert_int_equal(list.secret, 0);
    /* a subkey without an end of its own has its primary key's */
    assert_int_equal(list.last, 1800000000);
    assert_string_equal(list.last_id, "B");
    keyexpiry_read_lines("sec:-:255:22:A:1:::-:::scSC:::\nssb:-:255:18:B:1::::::e:::\n", 1700000000,
                         &list);
    assert_int_equal(list.keys, 1);
    assert_int_equal(list.secret, 2);
    assert_true(list.last == KEYEXPIRY_NEVER);
    keyexpiry_read_lines("", 1700000000, &list);
    assert_int_equal(list.keys, 0);
    assert_int_equal(list.last, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_subkeys),
        cmocka_unit_test(test_nothing_signs),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests_name("keyexpiry", tests, NULL, NULL);
}
