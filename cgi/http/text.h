// SPDX-License-Identifier: Apache-2.0
/* What text from outside may be: UTF-8 (RFC 3629) without control characters. */
#ifndef CGI_HTTP_TEXT_H
#define CGI_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* True if the bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing above
 * U+10FFFF, and no control characters (C0, DEL, C1). PostgreSQL takes such text as it is. */
bool text_is_clean(const char *s, size_t len);

#endif
