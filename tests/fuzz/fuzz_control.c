// SPDX-License-Identifier: Apache-2.0
/* The same bytes as a control archive and as a .dsc: what is taken says a package and a version. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/archive/control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    struct control c;
    struct err e;
    if (control_of_tar(&a, (const char *)data, size, &c, &e) == 0 &&
        (!c.package || !c.source || !c.version || !c.architecture))
        __builtin_trap();
    if (control_of_dsc(&a, (const char *)data, size, &c, &e) == 0 &&
        (c.package || !c.source || !c.version || !c.architecture))
        __builtin_trap();
    arena_free(&a);
    return 0;
}
