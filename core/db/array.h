// SPDX-License-Identifier: Apache-2.0
/* Arrays as text parameters of queries: items one by one into an empty buffer, then the end. */
#ifndef CORE_DB_ARRAY_H
#define CORE_DB_ARRAY_H

#include <stdint.h>

#include "core/base/buf.h"

void db_array_add_text(struct buf *out, const char *text); /* NULL is SQL null */
void db_array_add_int(struct buf *out, int64_t n);

/* Closes the array and gives it as a parameter; valid until the buffer changes. */
const char *db_array_end(struct buf *out);

#endif
