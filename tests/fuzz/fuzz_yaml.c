// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>
#include <stdint.h>

#include "core/format/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct err e;
    int line = 0;
    struct node *n = yaml_parse(&a, (const char *)data, size, NULL, &line, &e);
    if (!n && (e.code != ERR_INPUT || line < 1))
        __builtin_trap();
    arena_free(&a);
    return 0;
}
