// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"

#define REFUSED ((time_t)-1)

static const struct {
    const char *text;
    time_t t;
} rfc2822[] = {
    {"Sat, 01 Aug 2026 10:00:00 UTC", 1785578400},
    {"Sat, 01 Aug 2026 10:00:00 GMT", 1785578400},
    {"Sat, 01 Aug 2026 10:00:00 +0000", 1785578400},
    {"Sat, 01 Aug 2026 12:30:00 +0230", 1785578400},
    {"Sat, 01 Aug 2026 08:00:00 -0200", 1785578400},
    {"1 aug 2026 10:00:00", 1785578400}, /* no day of the week, no zone */
    {"Sat,  1 Aug 2026  9:59:60 UTC", 1785578400},
    {"Thu, 29 Feb 2024 00:00:00 UTC", 1709164800},
    {"Sat, 29 Feb 2025 00:00:00 UTC", REFUSED},
    {"Wed, 31 Jun 2026 00:00:00 UTC", REFUSED},
    {"Sat, 00 Aug 2026 10:00:00 UTC", REFUSED},
    {"Sat, 01 Aug 2026 24:00:00 UTC", REFUSED},
    {"Sat, 01 Aug 2026 10:60:00 UTC", REFUSED},
    {"Sat, 01 Aug 2026 10:00:61 UTC", REFUSED},
    {"Sat, 01 Aug 2026 10:00:00 +2400", REFUSED},
    {"Sat, 01 Aug 2026 10:00:00 +02", REFUSED},
    {"Sat, 01 Aug 26 10:00:00 UTC", REFUSED},
    {"Sat, 01 Xyz 2026 10:00:00 UTC", REFUSED},
    {"Sat, 01 Aug 2026 10:00:00 UTC and more", REFUSED},
    {"", REFUSED},
};

static const struct {
    const char *text;
    time_t t;
} at[] = {
    {"2026-08-01", 1785628799}, /* the day's last second */
    {"2026-08-01T10:00", 1785578400},
    {"2026-08-01 10:00:00", 1785578400},
    {"2026-08-01T10:00:00.999Z", 1785578400},
    {"2026-08-01T12:30:00+02:30", 1785578400},
    {"2026-08-01T08:00:00-02:00", 1785578400},
    {"2024-02-29", 1709251199},
    {"2025-02-29", REFUSED},
    {"2026-13-01", REFUSED},
    {"2026-00-01", REFUSED},
    {"2026-8-1", REFUSED},
    {"2026-08-01T", REFUSED},
    {"2026-08-01T10", REFUSED},
    {"2026-08-01T10:00:00Zulu", REFUSED},
    {"yesterday", REFUSED},
};

static const struct {
    const char *text;
    int64_t seconds; /* -1: refused */
} durations[] = {
    {"5", 5},    {"30s", 30}, {"30m", 1800}, {"24h", 86400},       {"90d", 7776000},
    {"0", 0},    {"", -1},    {"s", -1},     {"-5s", -1},          {"1.5h", -1},
    {"5 m", -1}, {"5w", -1},  {"5mm", -1},   {"99999999999d", -1},
};

static void reads_dates_of_release_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rfc2822 / sizeof *rfc2822; i++) {
        time_t t = REFUSED;
        struct err e = {0};
        int rc = clock_parse_rfc2822(rfc2822[i].text, &t, &e);
        if (t != rfc2822[i].t || (rc == 0) != (rfc2822[i].t != REFUSED))
            fail_msg("'%s': %d, %lld", rfc2822[i].text, rc, (long long)t);
        if (rc)
            assert_int_equal(e.code, ERR_INPUT);
    }
}

static void reads_moments(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        time_t t = REFUSED;
        int rc = clock_parse_at(at[i].text, &t, NULL);
        if (t != at[i].t || (rc == 0) != (at[i].t != REFUSED))
            fail_msg("'%s': %d, %lld", at[i].text, rc, (long long)t);
    }
}

static void reads_durations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        int64_t seconds = -1;
        int rc = clock_parse_duration(durations[i].text, &seconds, NULL);
        if (seconds != durations[i].seconds || (rc == 0) != (durations[i].seconds >= 0))
            fail_msg("'%s': %d, %lld", durations[i].text, rc, (long long)seconds);
    }
}

static void writes_utc(void **state)
{
    (void)state;
    char text[CLOCK_ISO_SIZE];
    clock_format_iso(1785578400, text);
    assert_string_equal(text, "2026-08-01T10:00:00Z");
    clock_format_iso(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    clock_format_iso((time_t)1 << 60, text); /* no year of four digits */
    assert_string_equal(text, "0000-00-00T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_dates_of_release_files), cmocka_unit_test(reads_moments),
        cmocka_unit_test(reads_durations), cmocka_unit_test(writes_utc)};
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
