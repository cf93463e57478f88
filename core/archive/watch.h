// SPDX-License-Identifier: Apache-2.0
/* How the archive's parts tell what they do: to a job's log, or to a terminal. */
#ifndef CORE_ARCHIVE_WATCH_H
#define CORE_ARCHIVE_WATCH_H

#include <stdint.h>

struct watch {
    void *data;
    void (*step)(void *data, const char *step);
    /* unit may carry a note behind a bar: "files|3.1 of 9.0 MB" */
    void (*progress)(void *data, int64_t done, int64_t total, const char *unit);
    /* warning: something that an admin should look at; raw: words of others */
    void (*note)(void *data, const char *text);
    void (*warn)(void *data, const char *text);
    void (*raw)(void *data, const char *text);
};

#endif
