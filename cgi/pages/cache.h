// SPDX-License-Identifier: Apache-2.0
/*
 * Pages that were made, so that the next reader of the same one costs one small query: after a
 * change all open tabs ask at once. A page is found by its address and its ETag, which names all
 * that its text depends on: nothing here is ever stale, and nothing needs to be dropped in time.
 * Bounded in number and bytes; the one that was asked for longest ago goes first.
 */
#ifndef CGI_PAGES_CACHE_H
#define CGI_PAGES_CACHE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"

#define CACHE_PAGES 24
#define CACHE_BYTES (4U << 20)

struct cache_page {
    char *key; /* address and ETag; NULL: free */
    char *body;
    size_t len;
    unsigned long used; /* the cache's clock when it was asked for last */
};

struct cache {
    struct cache_page pages[CACHE_PAGES];
    size_t bytes;
    unsigned long clock;
};

/* Appends the page to out; false if it is not kept. */
bool cache_get(struct cache *c, const char *key, struct buf *out);

/* Keeps a copy; one that is larger than a quarter of CACHE_BYTES is not worth the others. */
void cache_put(struct cache *c, const char *key, const struct buf *body);

void cache_free(struct cache *c);

#endif
