// SPDX-License-Identifier: Apache-2.0
/* Pages that were made and are kept: found by address and ETag, bounded, the oldest goes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgi/pages/cache.h"

static void put(struct cache *c, const char *key, const char *text)
{
    struct buf b = BUF_INIT;
    buf_add_str(&b, text);
    cache_put(c, key, &b);
    buf_free(&b);
}

static void put_bytes(struct cache *c, const char *key, size_t n)
{
    struct buf b = BUF_INIT;
    memset(buf_reserve(&b, n), 'x', n);
    b.len = n;
    cache_put(c, key, &b);
    buf_free(&b);
}

static bool holds(struct cache *c, const char *key)
{
    struct buf b = BUF_INIT;
    bool there = cache_get(c, key, &b);
    buf_free(&b);
    return there;
}

static void is_found_by_its_key(void **state)
{
    (void)state;
    struct cache c = {.clock = 0};
    struct buf out = BUF_INIT;
    put(&c, "/epoxy\n\nrevision-1", "one");
    put(&c, "/epoxy\n\nrevision-2", "two");
    assert_false(cache_get(&c, "/epoxy\n\nrevision-3", &out));
    assert_int_equal(out.len, 0);
    assert_true(cache_get(&c, "/epoxy\n\nrevision-1", &out));
    assert_string_equal(buf_str(&out), "one");
    put(&c, "/epoxy\n\nrevision-1", "another");
    buf_reset(&out);
    assert_true(cache_get(&c, "/epoxy\n\nrevision-1", &out));
    assert_string_equal(buf_str(&out), "another");
    assert_int_equal(c.bytes, strlen("another") + strlen("two"));
    buf_free(&out);
    cache_free(&c);
    assert_int_equal(c.bytes, 0);
    assert_false(holds(&c, "/epoxy\n\nrevision-2"));
}

static void the_oldest_goes(void **state)
{
    (void)state;
    struct cache c = {.clock = 0};
    char key[16];
    for (int i = 0; i < CACHE_PAGES; i++) {
        snprintf(key, sizeof key, "%d", i);
        put(&c, key, "page");
    }
    assert_true(holds(&c, "0")); /* asked for: now 1 is the oldest */
    put(&c, "more", "page");
    assert_true(holds(&c, "0"));
    assert_false(holds(&c, "1"));
    assert_true(holds(&c, "2"));
    assert_true(holds(&c, "more"));
    cache_free(&c);
}

static void bytes_are_bounded(void **state)
{
    (void)state;
    struct cache c = {.clock = 0};
    char key[16];
    put_bytes(&c, "too large", CACHE_BYTES / 4 + 1);
    assert_false(holds(&c, "too large"));
    for (int i = 0; i < 9; i++) {
        snprintf(key, sizeof key, "%d", i);
        put_bytes(&c, key, CACHE_BYTES / 4);
        assert_true(c.bytes <= CACHE_BYTES);
    }
    assert_false(holds(&c, "4"));
    assert_true(holds(&c, "5"));
    assert_true(holds(&c, "8"));
    put_bytes(&c, "empty", 0);
    assert_true(holds(&c, "empty"));
    cache_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_found_by_its_key),
        cmocka_unit_test(the_oldest_goes),
        cmocka_unit_test(bytes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
