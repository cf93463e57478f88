// SPDX-License-Identifier: Apache-2.0
/* A main for a fuzz target without a fuzzer: each file named is one input. */
#include <stdint.h>
#include <stdio.h>

#include "core/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    struct buf b = BUF_INIT;
    struct err e;
    if (argc < 2) {
        fprintf(stderr, "%s: no corpus\n", argv[0]);
        return 1;
    }
    for (int i = 1; i < argc; i++) {
        buf_reset(&b);
        if (file_read(argv[i], (size_t)64 << 20, &b, &e) != 0) {
            fprintf(stderr, "%s\n", e.text);
            return 1;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)buf_str(&b), b.len);
    }
    buf_free(&b);
    printf("%s: %d inputs replayed\n", argv[0], argc - 1);
    return 0;
}
