// SPDX-License-Identifier: Apache-2.0
/* UTF-8 as PostgreSQL and pages take it: words of other programs promise no such thing. */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

/* Puts `?` in the place of each byte that belongs to no valid character (RFC 3629: no overlong
 * forms, no surrogates, nothing above U+10FFFF). The length stays. */
void utf8_clean(char *text);

#endif
