// SPDX-License-Identifier: Apache-2.0
/* When a keyring's last key ends, from gpg's colon lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_subkeys),
        cmocka_unit_test(test_nothing_signs),
    };
    return cmocka_run_group_tests_name("keyexpiry", tests, NULL, NULL);
}
