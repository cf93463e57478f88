// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/utf8.h"
#include "core/queue/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a job's process sent, read to the end as the supervisor does it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf in = BUF_INIT;
    struct report r;
    size_t at = 0;
    buf_add(&in, data, size);
    while (report_next(&in, &at, &r) == 1)
        for (size_t i = 0; i < REPORT_FIELDS; i++) {
            size_t len = strlen(r.fields[i]);
            struct buf copy = BUF_INIT;
            buf_add_str(&copy, r.fields[i]);
            if (copy.data)
                utf8_clean(copy.data);
            if (len > REPORT_MAX || strlen(buf_str(&copy)) != len)
                __builtin_trap();
            buf_free(&copy);
        }
    if (at > in.len)
        __builtin_trap();
    buf_free(&in);
    return 0;
}
