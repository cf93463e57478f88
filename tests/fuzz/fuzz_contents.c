// SPDX-License-Identifier: Apache-2.0
/* The same bytes as Packages and as Sources: whatever is named is a plain path below pool/. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/archive/contents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *globs[] = {"nova", "python-*"};
    const struct config_strings sources = {globs, 2};
    static const char *suites[] = {"trixie-epoxy", "trixie-flamingo"};
    const struct config_strings others = {suites, 1}, own = {suites + 1, 1};
    const struct contents_rules rules[] = {
        {.files_max = 0}, {.sources = &sources, .own = &own, .others = &others, .files_max = 10}};
    for (int i = 0; i < 4; i++) {
        struct arena a = ARENA_INIT;
        struct contents c;
        struct err e;
        struct contents_input in = {"x", i % 2 ? PATHS_PACKAGES : PATHS_SOURCES, (const char *)data,
                                    size};
        if (contents_read(&a, &in, 1, &rules[i / 2], &c, &e) == 0) {
            for (size_t k = 0; k < c.file_count; k++)
                if (!paths_is_pool(c.files[k].path, strlen(c.files[k].path)) ||
                    contents_find(&c, c.files[k].path) != &c.files[k])
                    __builtin_trap();
            for (size_t k = 0; k < c.source_count; k++)
                if (contents_find_source(&c, c.sources[k].name) != &c.sources[k])
                    __builtin_trap();
            if (contents_compare(&c, &c, NULL, NULL, NULL, &e))
                __builtin_trap();
        }
        arena_free(&a);
    }
    return 0;
}
