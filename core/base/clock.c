// SPDX-License-Identifier: Apache-2.0
#include "core/base/clock.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int64_t clock_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_format_iso(time_t t, char out[CLOCK_ISO_SIZE])
{
    struct tm tm;
    if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 9999 - 1900 ||
        strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(out, CLOCK_ISO_SIZE, "%s", "0000-00-00T00:00:00Z");
}

int clock_parse_duration(const char *text, int64_t *seconds, struct err *e)
{
    int64_t n = 0;
    const char *p = text;
    while (isdigit((unsigned char)*p) && n < INT32_MAX)
        n = n * 10 + (*p++ - '0');
    int64_t unit = 0;
    if (p != text && n < INT32_MAX)
        switch (*p) {
        case '\0':
        case 's':
            unit = 1;
            break;
        case 'm':
            unit = 60;
            break;
        case 'h':
            unit = 3600;
            break;
        case 'd':
            unit = 86400;
            break;
        default:
            break;
        }
    if (unit == 0 || (*p && p[1]))
        return err_set(e, ERR_INPUT, "'%.40s' is no duration (90d, 24h, 30m, 30s)", text);
    *seconds = n * unit;
    return 0;
}

/* Takes exactly `digits` digits, or with a negative number one up to that many. */
static bool take_number(const char **p, int digits, int *out)
{
    int most = digits < 0 ? -digits : digits, n = 0, value = 0;
    for (; n < most && isdigit((unsigned char)**p); n++, (*p)++)
        value = value * 10 + (**p - '0');
    *out = value;
    return digits < 0 ? n > 0 : n == digits;
}

static bool take_char(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

/* "+0200", "+02:00", "Z", "UTC", "GMT", or nothing: UTC. */
static bool take_zone(const char **p, int *offset_s)
{
    *offset_s = 0;
    if (**p == 'Z') {
        (*p)++;
        return true;
    }
    if (strncmp(*p, "UTC", 3) == 0 || strncmp(*p, "GMT", 3) == 0) {
        *p += 3;
        return true;
    }
    if (**p != '+' && **p != '-')
        return true;
    int sign = *(*p)++ == '-' ? -1 : 1, hours, minutes;
    if (!take_number(p, 2, &hours))
        return false;
    take_char(p, ':');
    if (!take_number(p, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

/* timegm would carry 31 June over into July; such dates are refused. */
static bool to_time(struct tm *tm, int offset_s, time_t *t)
{
    struct tm wanted = *tm;
    if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60)
        return false;
    time_t result = timegm(tm);
    if (tm->tm_mday != wanted.tm_mday || tm->tm_mon != wanted.tm_mon)
        if (wanted.tm_sec != 60) /* a leap second may end the day */
            return false;
    *t = result - offset_s;
    return true;
}

static bool take_month(const char **p, int *month)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (strncasecmp(*p, months + (size_t)i * 3, 3) == 0) {
            *month = i;
            *p += 3;
            return true;
        }
    return false;
}

int clock_parse_rfc2822(const char *text, time_t *t, struct err *e)
{
    struct tm tm = {0};
    int year = 0, offset_s = 0;
    const char *p = text + strspn(text, " \t");
    const char *comma = strchr(p, ',');
    if (comma)
        p = comma + 1 + strspn(comma + 1, " \t");
    bool ok = take_number(&p, -2, &tm.tm_mday) && take_char(&p, ' ') &&
              take_month(&p, &tm.tm_mon) && take_char(&p, ' ') && take_number(&p, 4, &year) &&
              take_char(&p, ' ');
    p += strspn(p, " ");
    ok = ok && take_number(&p, -2, &tm.tm_hour) && take_char(&p, ':') &&
         take_number(&p, 2, &tm.tm_min) && take_char(&p, ':') && take_number(&p, 2, &tm.tm_sec);
    p += strspn(p, " \t");
    ok = ok && take_zone(&p, &offset_s);
    p += strspn(p, " \t\r\n");
    tm.tm_year = year - 1900;
    if (!ok || *p || !to_time(&tm, offset_s, t))
        return err_set(e, ERR_INPUT, "'%.60s' is no date as in Release files", text);
    return 0;
}

/* [T ]HH:MM[:SS][zone] after a date; nothing there: the day's last second. */
static bool take_time_of_day(const char **p, struct tm *tm, int *offset_s)
{
    if (**p == '\0') {
        tm->tm_hour = 23;
        tm->tm_min = 59;
        tm->tm_sec = 59;
        return true;
    }
    if (!take_char(p, 'T') && !take_char(p, ' '))
        return false;
    if (!take_number(p, 2, &tm->tm_hour) || !take_char(p, ':') || !take_number(p, 2, &tm->tm_min))
        return false;
    if (take_char(p, ':')) {
        if (!take_number(p, 2, &tm->tm_sec))
            return false;
        if (take_char(p, '.'))
            *p += strspn(*p, "0123456789");
    }
    return take_zone(p, offset_s);
}

int clock_parse_at(const char *text, time_t *t, struct err *e)
{
    struct tm tm = {0};
    int year = 0, offset_s = 0;
    const char *p = text;
    bool ok = take_number(&p, 4, &year) && take_char(&p, '-') && take_number(&p, 2, &tm.tm_mon) &&
              take_char(&p, '-') && take_number(&p, 2, &tm.tm_mday) &&
              take_time_of_day(&p, &tm, &offset_s);
    tm.tm_year = year - 1900;
    tm.tm_mon -= 1;
    if (!ok || *p || !to_time(&tm, offset_s, t))
        return err_set(e, ERR_INPUT,
                       "'%.40s' is no date (2026-05-01, 2026-05-01T10:00, 2026-05-01T10:00:00Z)",
                       text);
    return 0;
}
