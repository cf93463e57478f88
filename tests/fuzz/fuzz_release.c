// SPDX-License-Identifier: Apache-2.0
/* A Release text, and the same bytes as a clear-signed message and as gpgv's status output. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/archive/gpg.h"
#include "core/archive/release.h"
#include "core/base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct arena a = ARENA_INIT;
    struct release r;
    struct buf copy = BUF_INIT, key = BUF_INIT;
    struct err e;
    if (release_parse(&a, text, size, &r, &e) == 0) {
        if (r.date <= 0 || r.count > RELEASE_ENTRIES_MAX)
            __builtin_trap();
        for (size_t i = 0; i < r.count; i++) {
            const struct release_entry *entry = &r.entries[i];
            if (!paths_is_safe(entry->name, strlen(entry->name)) || !entry->sums[HASH_SHA256] ||
                strlen(entry->sums[HASH_SHA256]) != SHA256_HEX - 1 || entry->size < 0 ||
                release_find(&r, entry->name) != entry)
                __builtin_trap();
        }
    }
    gpg_check_clearsigned(text, size, &e);
    gpg_dearmor(text, size, &key, &e);
    if (!gpg_same_text(text, size, text, size))
        __builtin_trap();
    buf_add(&copy, text, size);
    gpg_judge_status(buf_str(&copy), &e);
    buf_free(&copy);
    buf_free(&key);
    arena_free(&a);
    return 0;
}
