// SPDX-License-Identifier: Apache-2.0
/* Bytes as hexadecimal digits of lower case. */
#ifndef CORE_BASE_HEX_H
#define CORE_BASE_HEX_H

#include <stddef.h>

/* Writes 2 * len digits to out, no NUL; returns where they end. */
char *hex_write(const void *data, size_t len, char *out);

#endif
