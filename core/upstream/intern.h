// SPDX-License-Identifier: Apache-2.0
/* Strings as small numbers: each text once, numbered from 0 in order of arrival. */
#ifndef CORE_UPSTREAM_INTERN_H
#define CORE_UPSTREAM_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"

#define INTERN_NONE UINT32_MAX

struct intern {
    struct arena arena;
    const char **texts; /* by number */
    uint32_t count;
    uint32_t *slots; /* private: open addressing, number + 1 */
    uint32_t slot_count, room;
};

uint32_t intern_add(struct intern *t, const char *text);
uint32_t intern_find(const struct intern *t, const char *text); /* INTERN_NONE: not there */
void intern_free(struct intern *t);

#endif
