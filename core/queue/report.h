// SPDX-License-Identifier: Apache-2.0
/*
 * What a job's process tells its supervisor, over a pipe: frames of a type and text fields. One
 * writer per pipe. The supervisor trusts neither lengths nor contents: a frame over the limit ends
 * the reading.
 */
#ifndef CORE_QUEUE_REPORT_H
#define CORE_QUEUE_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

enum report_type {
    REPORT_STEP = 'S',     /* step */
    REPORT_PROGRESS = 'P', /* done, total, unit */
    REPORT_LINE = 'L',     /* level (enum job_level as a number), step, text */
    REPORT_DONE = 'D',     /* the job ended well */
    REPORT_FAILED = 'F',   /* outcome (retry, failed, cancelled), text, detail */
};

#define REPORT_FIELDS 3
#define REPORT_MAX    32768 /* bytes of one frame */

struct report {
    enum report_type type;
    const char *fields[REPORT_FIELDS]; /* "" if not sent; valid until the buffer changes */
};

/* Writes one frame, fields cut if they do not fit. 0, or -1 if nobody reads any more. */
int report_send(int fd, enum report_type type, const char *a, const char *b, const char *c);

/* Takes the frame at *at in what was read so far. 1: taken, *at moved on; 0: not complete yet;
 * -1: no frame at all. */
int report_next(const struct buf *in, size_t *at, struct report *out);

#endif
