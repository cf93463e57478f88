// SPDX-License-Identifier: Apache-2.0
/* Time: monotonic milliseconds for deadlines, ISO 8601 in UTC for everything that is shown. */
#ifndef CORE_BASE_CLOCK_H
#define CORE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#include "core/base/err.h"

#define CLOCK_ISO_SIZE 21 /* "2026-07-20T12:43:25Z" and NUL */

int64_t clock_monotonic_ms(void);
void clock_format_iso(time_t t, char out[CLOCK_ISO_SIZE]);

/* "90d", "24h", "30m", "30s", "5" (seconds) to seconds; anything else -1 with ERR_INPUT. */
int clock_parse_duration(const char *text, int64_t *seconds, struct err *e);

/* RFC 2822/7231 date as in Release files ("Sat, 01 Aug 2026 10:00:00 UTC", also +0000, GMT). */
int clock_parse_rfc2822(const char *text, time_t *t, struct err *e);

/* "2026-05-01" (end of that day, UTC) or ISO 8601 with time ("2026-05-01T10:00[:00][Z|+02:00]"). */
int clock_parse_at(const char *text, time_t *t, struct err *e);

#endif
