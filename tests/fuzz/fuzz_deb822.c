// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>
#include <stdint.h>

#include "core/format/deb822.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Package", "Version", "Files"};
    const char *text = (const char *)data;
    struct deb822_text values[3], line, word;
    struct deb822_reader r;
    struct err e;
    int rc, at;
    deb822_open(&r, text, size);
    r.paragraph_max = 4096;
    while ((rc = deb822_next(&r, names, values, 3, &at, &e)) != 0) {
        if (rc < 0)
            continue;
        for (int i = 0; i < 3; i++)
            while (deb822_next_line(&values[i], &line))
                while (deb822_next_word(&line, &word))
                    if (word.data < text || word.data + word.len > text + size)
                        __builtin_trap();
    }
    return 0;
}
