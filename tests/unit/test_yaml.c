// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/format/yaml.h"

static struct node *parse(struct arena *a, const char *text, struct err *e)
{
    return yaml_parse(a, text, strlen(text), NULL, NULL, e);
}

static void reads_a_tree_with_lines(void **state)
{
    (void)state;
    struct arena a = ARENA_INIT;
    struct err e;
    struct node *n = parse(&a,
                           "---\nteam: nova\nreleases:\n  - version: 1.0\n  - version: '2.0'\n"
                           "none: ~\n",
                           &e);
    assert_non_null(n);
    assert_int_equal(n->kind, NODE_MAP);
    assert_string_equal(yaml_text(yaml_get(n, "team")), "nova");
    const struct node *list = yaml_get(n, "releases");
    assert_int_equal(list->kind, NODE_LIST);
    assert_int_equal(list->count, 2);
    const struct node *second = yaml_get(list->first->next, "version");
    assert_int_equal(second->line, 5);
    assert_false(second->plain);
    assert_true(yaml_get(list->first, "version")->plain);
    assert_true(yaml_is_null(yaml_get(n, "none")));
    assert_null(yaml_text(yaml_get(n, "none")));
    assert_null(yaml_get(n, "absent"));
    arena_free(&a);
}

static void takes_nothing_as_an_empty_map(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "---\n", "# a comment\n", "---\n...\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct arena a = ARENA_INIT;
        struct err e = {0};
        struct node *n = parse(&a, texts[i], &e);
        assert_non_null(n);
        assert_int_equal(n->kind, NODE_MAP);
        assert_int_equal(n->count, 0);
        arena_free(&a);
    }
}

static void names_what_is_wrong_and_where(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
        int line;
    } cases[] = {
        {"a: 1\nb: [1\nc: 2\n", "line 3:", 3},
        {"a: &x 1\n", "line 1: an anchor", 1},
        {"a: 1\nb: *x\n", "line 2: an alias", 2},
        {"a: !!int 1\n", "line 1: a tag", 1},
        {"a: 1\nb: 2\na: 3\n", "line 3: the key 'a' stands twice", 3},
        {"a: 1\n---\nb: 1\n", "line 2: a second document", 2},
        {"[a]: 1\n", "line 1: a key that is no plain text", 1},
        {"a: \"\\0\"\n", "line 1: a NUL", 1},
        {"a: \xff\n", "line 1:", 1},
        {"a:\n\t- b\n", "line 2:", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena a = ARENA_INIT;
        struct err e = {0};
        int line = 0;
        assert_null(yaml_parse(&a, cases[i].text, strlen(cases[i].text), NULL, &line, &e));
        assert_int_equal(e.code, ERR_INPUT);
        if (strncmp(e.text, cases[i].error, strlen(cases[i].error)) != 0)
            fail_msg("case %zu: %s", i, e.text);
        assert_int_equal(line, cases[i].line);
        arena_free(&a);
    }
}

static void keeps_its_limits(void **state)
{
    (void)state;
    struct yaml_limits limits = {.bytes = 1000, .scalar = 10, .nodes = 8, .depth = 3};
    static const char *const bad[] = {"a: 12345678901\n", "[1, 2, 3, 4, 5, 6, 7, 8]\n",
                                      "a: {b: {c: {d: {e: 1}}}}\n", "[[[[[1]]]]]\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct arena a = ARENA_INIT;
        struct err e;
        assert_null(yaml_parse(&a, bad[i], strlen(bad[i]), &limits, NULL, &e));
        assert_int_equal(e.code, ERR_INPUT);
        arena_free(&a);
    }
    static const char *const just[] = {"a: 1234567890\n", "[1, 2, 3, 4, 5, 6, 7]\n", "[[[[1]]]]\n"};
    for (size_t i = 0; i < sizeof just / sizeof *just; i++) {
        struct arena a = ARENA_INIT;
        struct err e = {0};
        if (!yaml_parse(&a, just[i], strlen(just[i]), &limits, NULL, &e))
            fail_msg("%s: %s", just[i], e.text);
        arena_free(&a);
    }
    struct arena a = ARENA_INIT;
    struct err e;
    struct buf text = BUF_INIT;
    for (int i = 0; i < 250; i++)
        buf_add_str(&text, "# a\n");
    assert_non_null(yaml_parse(&a, text.data, text.len, &limits, NULL, &e));
    for (int i = 0; i < 400; i++)
        buf_add_str(&text, "# a\n");
    assert_null(yaml_parse(&a, text.data, text.len, &limits, NULL, &e));
    assert_non_null(strstr(e.text, "too large"));
    buf_free(&text);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_tree_with_lines),
        cmocka_unit_test(takes_nothing_as_an_empty_map),
        cmocka_unit_test(names_what_is_wrong_and_where),
        cmocka_unit_test(keeps_its_limits),
    };
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
