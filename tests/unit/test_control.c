// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/archive/control.h"

#define CONTROL                                                                                    \
    "Package: python3-nova\nSource: nova (2:1-1)\nVersion: 2:1-1+b1\nArchitecture: all\n"

static struct arena arena = ARENA_INIT;
static char tar[16384];
static size_t tar_len;

static void sum_up(char *block)
{
    unsigned sum = 0;
    memset(block + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)block[i];
    snprintf(block + 148, 8, "%06o", sum);
}

static void add(const char *name, char type, const char *text)
{
    char *block = tar + tar_len;
    memset(block, 0, 1024);
    snprintf(block, 100, "%s", name);
    snprintf(block + 124, 12, "%011o", (unsigned)strlen(text));
    block[156] = type;
    memcpy(block + 257, "ustar  ", 8);
    sum_up(block);
    memcpy(block + 512, text, strlen(text));
    tar_len += *text ? 1024 : 512;
}

static int judge(struct control *c, struct err *e)
{
    memset(tar + tar_len, 0, 1024);
    int rc = control_of_tar(&arena, tar, tar_len + 1024, c, e);
    tar_len = 0;
    return rc;
}

static void reads_a_control_archive(void **state)
{
    struct control c;
    struct err e;
    (void)state;
    add("./", '5', "");
    add("./postinst", '0', "#!/bin/sh\n");
    add("./control", '0', CONTROL);
    assert_int_equal(judge(&c, &e), 0);
    assert_string_equal(c.package, "python3-nova");
    assert_string_equal(c.source, "nova");
    assert_string_equal(c.version, "2:1-1+b1");
    assert_string_equal(c.architecture, "all");
    assert_false(c.essential);
    add("control", '\0', "Package: x1\nVersion: 1\nEssential: yes\n");
    assert_int_equal(judge(&c, &e), 0);
    assert_string_equal(c.source, "x1");
    assert_true(c.essential);
}

/* What dpkg could read in another way. */
static void refuses_what_has_two_meanings(void **state)
{
    static const struct {
        const char *name;
        char type;
        const char *text;
    } second[] = {
        {"control", '0', CONTROL},  {".//control", '0', CONTROL}, {"/control", '0', CONTROL},
        {"d/../control", '0', "x"}, {"long", 'L', "./control"},   {"pax", 'x', "path=control\n"},
        {"./control", '2', ""},     {"./link", '1', ""},          {"./fifo", '6', ""},
    };
    struct control c;
    struct err e;
    (void)state;
    for (size_t i = 0; i < sizeof second / sizeof *second; i++) {
        add("./control", '0', CONTROL);
        add(second[i].name, second[i].type, second[i].text);
        assert_int_equal(judge(&c, &e), -1);
    }
    add("./control", '0', CONTROL "\n" CONTROL);
    assert_int_equal(judge(&c, &e), -1);
    add("./control", '0', "Source: nova\nVersion: 1\n");
    assert_int_equal(judge(&c, &e), -1);
    add("./md5sums", '0', CONTROL);
    assert_int_equal(judge(&c, &e), -1);
    add("./control", '0', CONTROL);
    tar[0] = ','; /* its sum is another one now */
    assert_int_equal(judge(&c, &e), -1);
    add("./control", '0', CONTROL);
    snprintf(tar + 124, 12, "77777777777");
    sum_up(tar);
    assert_int_equal(judge(&c, &e), -1);
    add("control", '0', CONTROL);
    memcpy(tar + 257, "ustar\00000", 8);
    tar[345] = 'd'; /* d/control for those who read names in two parts */
    sum_up(tar);
    assert_int_equal(judge(&c, &e), -1);
}

static void reads_numbers_with_spaces(void **state)
{
    struct control c;
    struct err e;
    (void)state;
    add("./control", '0', CONTROL);
    snprintf(tar + 124, 12, "%10o ", (unsigned)strlen(CONTROL));
    sum_up(tar);
    assert_int_equal(judge(&c, &e), 0);
    assert_string_equal(c.source, "nova");
}

#define DSC "Format: 3.0 (quilt)\nSource: nova\nVersion: 2:1-1\n"

static void reads_a_dsc(void **state)
{
    static const char in_armour[] = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" DSC
                                    "\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n",
                      half[] = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" DSC;
    struct control c;
    struct err e;
    (void)state;
    assert_int_equal(control_of_dsc(&arena, DSC, strlen(DSC), &c, &e), 0);
    assert_string_equal(c.source, "nova");
    assert_int_equal(control_of_dsc(&arena, in_armour, strlen(in_armour), &c, &e), 0);
    assert_string_equal(c.version, "2:1-1");
    assert_int_equal(control_of_dsc(&arena, half, strlen(half), &c, &e), -1);
    assert_int_equal(
        control_of_dsc(&arena, half, sizeof "-----BEGIN PGP SIGNED MESSAGE-----", &c, &e), -1);
    assert_int_equal(control_of_dsc(&arena, DSC "\n" DSC, 2 * strlen(DSC) + 1, &c, &e), -1);
    assert_int_equal(control_of_dsc(&arena, "", 0, &c, &e), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_control_archive),
        cmocka_unit_test(refuses_what_has_two_meanings),
        cmocka_unit_test(reads_numbers_with_spaces),
        cmocka_unit_test(reads_a_dsc),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
