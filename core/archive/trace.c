// SPDX-License-Identifier: Apache-2.0
#include "core/archive/trace.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/file.h"

/* Its first line is a date as date(1) writes it: what tools that watch mirrors read. */
int trace_write(struct run *r, const char *suite, int generation, struct err *e)
{
    char host[65] = "archive", date[64], rfc[64];
    time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a %b %e %H:%M:%S UTC %Y", &tm);
    strftime(rfc, sizeof rfc, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    if (gethostname(host, sizeof host - 1) || !paths_is_safe(host, strlen(host)))
        snprintf(host, sizeof host, "archive");
    const char *folder = arena_printf(r->a, "%s/project/trace", r->place.root);
    const char *text =
        arena_printf(r->a, "%s\nDate: %s\nUsed-Tool: deb-status %s\nSuite: %s\nGeneration: %d\n",
                     date, rfc, DEB_STATUS_VERSION, suite, generation);
    if (file_make_dirs(folder, 0755, e))
        return -1;
    return file_write(arena_printf(r->a, "%s/%s", folder, host), text, strlen(text), 0644, e);
}
