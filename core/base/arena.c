// SPDX-License-Identifier: Apache-2.0
#include "core/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE ((size_t)64 * 1024)
#define ALIGNMENT  _Alignof(max_align_t)
#define FIRST_ROOM 16 /* items of a list that begins */

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used;
    _Alignas(max_align_t) char data[];
};

static struct arena_chunk *add_chunk(struct arena *a, size_t size)
{
    struct arena_chunk *c = malloc(sizeof *c + size);
    if (!c)
        abort();
    c->size = size;
    c->used = 0;
    if (size > CHUNK_SIZE && a->chunks) { /* a large piece: the open chunk stays the open one */
        c->next = a->chunks->next;
        a->chunks->next = c;
    } else {
        c->next = a->chunks;
        a->chunks = c;
    }
    return c;
}

/* Not zeroed: for the copies below. */
static void *take(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 4)
        abort();
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_chunk *c = a->chunks;
    if (!c || c->size - c->used < size)
        c = add_chunk(a, size > CHUNK_SIZE ? size : CHUNK_SIZE);
    void *p = c->data + c->used;
    c->used += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return memset(take(a, size ? size : 1), 0, size);
}

void *arena_memdup(struct arena *a, const void *data, size_t len)
{
    void *p = take(a, len ? len : 1);
    if (len)
        memcpy(p, data, len);
    return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *p = take(a, len + 1);
    if (len)
        memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list ap, again;
    va_start(ap, format);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, ap);
    if (n < 0)
        abort();
    char *p = take(a, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    va_end(ap);
    return p;
}

void *arena_grow(struct arena *a, void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    size_t more = *room ? 2 * *room : FIRST_ROOM;
    void *grown = arena_alloc(a, more * size);
    if (count)
        memcpy(grown, list, count * size);
    *room = more;
    return grown;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *kept = NULL;
    for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        if (!kept && c->size == CHUNK_SIZE)
            kept = c;
        else
            free(c);
    }
    if (kept) {
        kept->next = NULL;
        kept->used = 0;
    }
    a->chunks = kept;
}

void arena_free(struct arena *a)
{
    for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    a->chunks = NULL;
}
