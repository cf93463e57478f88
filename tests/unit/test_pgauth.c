// SPDX-License-Identifier: Apache-2.0
/* core/admin/pgauth: our block in pg_hba.conf, and nothing but it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/admin/pgauth.h"

static void place(const char *text, const char *lines, const char *expected)
{
    struct buf out = BUF_INIT;
    pgauth_place(text, "d", lines, &out);
    assert_string_equal(buf_str(&out), expected);
    buf_free(&out);
}

#define BEGIN "# deb-status \"d\": begin\n"
#define END   "# deb-status \"d\": end\n"

static void test_place(void **state)
{
    (void)state;
    place("", "x\n", BEGIN "x\n" END);
    place("local all all peer\n", "x\n", BEGIN "x\n" END "local all all peer\n");
    place("a\n" BEGIN "old\nolder\n" END "b\n", "x\n", "a\n" BEGIN "x\n" END "b\n");
    place(BEGIN "x\n" END, "x\n", BEGIN "x\n" END);
    /* a block without its end is not ours to guess: the new one comes first */
    place(BEGIN "half\n", "x\n", BEGIN "x\n" END BEGIN "half\n");
    /* another database's stays */
    place("# deb-status \"e\": begin\ny\n# deb-status \"e\": end\n", "x\n",
          BEGIN "x\n" END "# deb-status \"e\": begin\ny\n# deb-status \"e\": end\n");
}

static void test_lines(void **state)
{
    (void)state;
    struct buf hba = BUF_INIT, ident = BUF_INIT;
    pgauth_hba_lines("deb-status", &hba);
    pgauth_ident_lines("deb-status", &ident);
    assert_non_null(strstr(buf_str(&hba), "local \"deb-status\" deb_status_owner,"));
    assert_non_null(strstr(buf_str(&hba), " peer map=\"deb-status\"\n"));
    assert_non_null(strstr(buf_str(&ident), "\"deb-status\" www-data deb_status_hook\n"));
    /* who serves requests never becomes owner or worker */
    assert_null(strstr(buf_str(&ident), "www-data deb_status_worker"));
    assert_null(strstr(buf_str(&ident), "www-data deb_status_owner"));
    assert_null(strstr(buf_str(&ident), "deb-status-pages deb_status_hook"));
    buf_free(&hba);
    buf_free(&ident);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_place), cmocka_unit_test(test_lines)};
    return cmocka_run_group_tests_name("pgauth", tests, NULL, NULL);
}
