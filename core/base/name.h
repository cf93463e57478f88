// SPDX-License-Identifier: Apache-2.0
/* Names that stand in addresses and in file names alike: of series, targets, mirrors, senders. */
#ifndef CORE_BASE_NAME_H
#define CORE_BASE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* [A-Za-z0-9_][A-Za-z0-9._+~-]* */
bool name_is_plain(const char *text, size_t len);

#endif
