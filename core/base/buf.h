// SPDX-License-Identifier: Apache-2.0
/*
 * A growable byte buffer, always terminated by a NUL that does not count. Running out of memory
 * ends the process (abort): each job and each request is a process or bounded by its limits.
 */
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
    char *data; /* never NULL after the first add; use buf_str() for a string */
    size_t len; /* bytes, without the NUL */
    size_t cap;
};

#define BUF_INIT                                                                                   \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void buf_add(struct buf *b, const void *data, size_t len);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vaddf(struct buf *b, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));

/* Makes room for `more` bytes after len and returns where they start; the caller raises len. */
char *buf_reserve(struct buf *b, size_t more);

/* The contents as a string; "" for an empty buffer. Valid until the next change. */
const char *buf_str(const struct buf *b);

void buf_reset(struct buf *b); /* empties, keeps the memory */
void buf_free(struct buf *b);

#endif
