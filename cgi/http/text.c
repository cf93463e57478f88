// SPDX-License-Identifier: Apache-2.0
#include "cgi/http/text.h"

#include "core/base/utf8.h"

/* C0, DEL, and C1: U+0080 to U+009F. */
static bool is_control(const unsigned char *s)
{
    return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

bool text_is_clean(const char *s, size_t len)
{
    for (size_t i = 0, n; i < len; i += n) {
        n = utf8_length(s + i, len - i);
        if (n == 0 || is_control((const unsigned char *)s + i))
            return false;
    }
    return true;
}
