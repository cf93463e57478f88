// SPDX-License-Identifier: Apache-2.0
#include "core/base/utf8.h"

#include <stddef.h>

/* Length of the valid character that begins at p, 0: none does. */
static size_t length_at(const unsigned char *p)
{
    size_t n = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    for (size_t i = 1; i < n; i++) /* the NUL at the end is no continuation */
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if (n > 2 && ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
                  (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f)))
        return 0;
    return n;
}

void utf8_clean(char *text)
{
    unsigned char *p = (unsigned char *)text;
    while (*p) {
        size_t n = length_at(p);
        if (n == 0)
            *p = '?';
        p += n ? n : 1;
    }
}
