// SPDX-License-Identifier: Apache-2.0
#include "cgi/pages/cache.h"

#include <stdlib.h>
#include <string.h>

static struct cache_page *find(struct cache *c, const char *key)
{
    for (size_t i = 0; i < CACHE_PAGES; i++)
        if (c->pages[i].key && strcmp(c->pages[i].key, key) == 0)
            return &c->pages[i];
    return NULL;
}

static void drop(struct cache *c, struct cache_page *p)
{
    c->bytes -= p->len;
    free(p->key);
    free(p->body);
    *p = (struct cache_page){.key = NULL};
}

/* The page that was asked for longest ago, NULL if there is none. */
static struct cache_page *oldest(struct cache *c)
{
    struct cache_page *p = NULL;
    for (size_t i = 0; i < CACHE_PAGES; i++)
        if (c->pages[i].key && (!p || c->pages[i].used < p->used))
            p = &c->pages[i];
    return p;
}

static struct cache_page *free_place(struct cache *c)
{
    for (size_t i = 0; i < CACHE_PAGES; i++)
        if (!c->pages[i].key)
            return &c->pages[i];
    struct cache_page *p = oldest(c);
    drop(c, p);
    return p;
}

bool cache_get(struct cache *c, const char *key, struct buf *out)
{
    struct cache_page *p = find(c, key);
    if (!p)
        return false;
    p->used = ++c->clock;
    buf_add(out, p->body, p->len);
    return true;
}

void cache_put(struct cache *c, const char *key, const struct buf *body)
{
    struct cache_page *p = find(c, key);
    if (body->len > CACHE_BYTES / 4)
        return;
    if (p)
        drop(c, p);
    while (c->bytes + body->len > CACHE_BYTES)
        drop(c, oldest(c));
    p = free_place(c);
    char *copy = malloc(body->len + 1), *name = strdup(key);
    if (!copy || !name) { /* it is only a copy */
        free(copy);
        free(name);
        return;
    }
    memcpy(copy, buf_str(body), body->len + 1);
    *p = (struct cache_page){.key = name, .body = copy, .len = body->len, .used = ++c->clock};
    c->bytes += body->len;
}

void cache_free(struct cache *c)
{
    for (size_t i = 0; i < CACHE_PAGES; i++)
        if (c->pages[i].key)
            drop(c, &c->pages[i]);
}
