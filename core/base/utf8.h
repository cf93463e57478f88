// SPDX-License-Identifier: Apache-2.0
/* UTF-8 as PostgreSQL and pages take it (RFC 3629): no overlong forms, no surrogates, nothing above
 * U+10FFFF. Words of other programs promise no such thing. */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stddef.h>

/* How many of the `left` bytes (at least 1) at text are a valid character; 0: none begins there. A
 * NUL is one of one byte. */
size_t utf8_length(const char *text, size_t left);

/* Puts `?` in the place of each byte that belongs to no valid character. The length stays. */
void utf8_clean(char *text);

#endif
