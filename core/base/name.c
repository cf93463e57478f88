// SPDX-License-Identifier: Apache-2.0
#include "core/base/name.h"

#include <ctype.h>
#include <string.h>

bool name_is_plain(const char *text, size_t len)
{
    if (len == 0 || (!isalnum((unsigned char)*text) && *text != '_'))
        return false;
    for (size_t i = 1; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && !memchr("._+~-", text[i], 5))
            return false;
    return true;
}
