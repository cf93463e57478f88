// SPDX-License-Identifier: Apache-2.0
#include "core/db/array.h"

#include <inttypes.h>

static void begin_item(struct buf *out)
{
    buf_add_char(out, out->len ? ',' : '{');
}

void db_array_add_text(struct buf *out, const char *text)
{
    begin_item(out);
    if (!text) {
        buf_add_str(out, "NULL");
        return;
    }
    buf_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            buf_add_char(out, '\\');
        buf_add_char(out, *text);
    }
    buf_add_char(out, '"');
}

void db_array_add_int(struct buf *out, int64_t n)
{
    begin_item(out);
    buf_addf(out, "%" PRId64, n);
}

const char *db_array_end(struct buf *out)
{
    buf_add_str(out, out->len ? "}" : "{}");
    return buf_str(out);
}
