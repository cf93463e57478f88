// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/intern.h"

#include <stdlib.h>
#include <string.h>

static uint32_t hash_text(const char *text)
{
    uint32_t h = 2166136261u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 16777619u;
    return h;
}

/* The slot of the text, or the free one where it belongs. */
static uint32_t find_slot(const struct intern *t, const char *text)
{
    uint32_t i = hash_text(text) & (t->slot_count - 1);
    while (t->slots[i] && strcmp(t->texts[t->slots[i] - 1], text) != 0)
        i = (i + 1) & (t->slot_count - 1);
    return i;
}

static void *resized(void *p, size_t count, size_t size)
{
    p = reallocarray(p, count, size);
    if (!p)
        abort(); /* as core/base/buf.h has it */
    return p;
}

static void grow(struct intern *t)
{
    t->slot_count = t->slot_count ? t->slot_count * 2 : 1024;
    free(t->slots);
    t->slots = resized(NULL, t->slot_count, sizeof *t->slots);
    memset(t->slots, 0, t->slot_count * sizeof *t->slots);
    for (uint32_t n = 0; n < t->count; n++)
        t->slots[find_slot(t, t->texts[n])] = n + 1;
}

uint32_t intern_add(struct intern *t, const char *text)
{
    if (t->count * 2 >= t->slot_count)
        grow(t);
    uint32_t i = find_slot(t, text);
    if (t->slots[i])
        return t->slots[i] - 1;
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 512;
        t->texts = resized(t->texts, t->room, sizeof *t->texts);
    }
    t->texts[t->count] = arena_strdup(&t->arena, text);
    t->slots[i] = ++t->count;
    return t->count - 1;
}

uint32_t intern_find(const struct intern *t, const char *text)
{
    uint32_t i = t->slot_count ? find_slot(t, text) : 0;
    return t->slot_count && t->slots[i] ? t->slots[i] - 1 : INTERN_NONE;
}

void intern_free(struct intern *t)
{
    free(t->slots);
    free(t->texts);
    arena_free(&t->arena);
    memset(t, 0, sizeof *t);
}
