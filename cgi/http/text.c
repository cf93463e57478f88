// SPDX-License-Identifier: Apache-2.0
#include "cgi/http/text.h"

#include <stdint.h>

/* Length of the sequence that starts at s, and its code point; 0 where it is malformed. */
static size_t utf8_next(const unsigned char *s, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    *code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (s[i] >> 6 != 2)
            return 0;
        *code = *code << 6 | (s[i] & 0x3fu);
    }
    if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return n;
}

bool text_is_clean(const char *s, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t code;
        n = utf8_next((const unsigned char *)s + i, len - i, &code);
        if (n == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
            return false;
    }
    return true;
}
