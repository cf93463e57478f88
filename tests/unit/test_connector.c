// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/clock.h"
#include "core/db/connector.h"

/* Refused at once; for one that answers, hangs and comes back see tests/system. */
static const struct db_open_options nowhere = {.conninfo = "host=/nonexistent dbname=none"};

static void a_failure_is_not_repeated_for_a_moment(void **state)
{
    (void)state;
    struct db_connector *c = db_connector_new();
    struct err e = {0};
    assert_null(db_connector_get(c, &nowhere, 10000, &e));
    assert_int_equal(e.code, ERR_DATABASE);
    assert_string_equal(e.text, "the database cannot be reached");
    assert_null(db_connector_get(c, &nowhere, 10000, &e));
    assert_int_equal(e.code, ERR_DATABASE);
    assert_string_equal(e.text, "the database was away a moment ago");
    int64_t until_ms = clock_monotonic_ms() + 10000;
    do
        assert_null(db_connector_get(c, &nowhere, 10000, &e));
    while (strcmp(e.text, "the database was away a moment ago") == 0 &&
           clock_monotonic_ms() < until_ms);
    assert_string_equal(e.text, "the database cannot be reached");
    db_connector_free(c);
}

static void goes_on_with_the_attempt_of_who_did_not_wait(void **state)
{
    (void)state;
    struct db_connector *c = db_connector_new();
    struct err e = {0};
    assert_null(db_connector_get(c, &nowhere, 0, &e));
    assert_int_equal(e.code, ERR_DATABASE);
    assert_string_equal(e.text, "the database does not answer");
    db_connector_free(c); /* waits for it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_not_repeated_for_a_moment),
        cmocka_unit_test(goes_on_with_the_attempt_of_who_did_not_wait)};
    return cmocka_run_group_tests_name("connector", tests, NULL, NULL);
}
