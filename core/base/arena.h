// SPDX-License-Identifier: Apache-2.0
/*
 * One arena per request or per job: memory that is freed all at once. Out of memory: abort.
 * Pointers are aligned for any type and zeroed.
 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_chunk *chunks; /* private */
};

#define ARENA_INIT                                                                                 \
    {                                                                                              \
        NULL                                                                                       \
    }

void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t len);
void *arena_memdup(struct arena *a, const void *data, size_t len);
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A list of items of that size with room for one more: the list itself, or if its `count` items
 * fill its *room, a copy with twice as much. NULL and *room 0 begin a list. */
void *arena_grow(struct arena *a, void *list, size_t count, size_t *room, size_t size);

void arena_reset(struct arena *a); /* frees all but one chunk */
void arena_free(struct arena *a);

#endif
