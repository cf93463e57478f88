// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/upstream/deliverable.h"
#include "core/upstream/list_file.h"
#include "core/upstream/reading.h"
#include "core/upstream/series_list.h"
#include "core/upstream/tags.h"

static const char *or_dash(const char *s)
{
    return s ? s : "-";
}

static void dump(const struct deliverable *d, struct buf *out)
{
    static const char *const kinds[] = {"final", "prerelease", "end"};
    buf_addf(out, "> team=%s type=%s model=%s\n", or_dash(d->team), or_dash(d->type),
             or_dash(d->model));
    for (size_t i = 0; i < d->repo_count; i++)
        buf_addf(out, "> %s %s\n", d->repos[i].repo, d->repos[i].artifact);
    for (size_t i = 0; i < d->version_count; i++) {
        const struct deliverable_version *v = &d->versions[i];
        buf_addf(out, "> %s %s %s %s %s %s\n", d->repos[v->repo].repo, v->version, kinds[v->kind],
                 or_dash(v->debian), or_dash(v->hash), v->artifact);
        assert_true((v->kind == VERSION_END) == (v->key == NULL));
    }
}

/* 1 where the outcome is another one. */
static int check_case(const char *what, const struct buf *text, const struct buf *want)
{
    struct arena arena = ARENA_INIT;
    struct deliverable d;
    struct err e = {0};
    struct buf got = BUF_INIT;
    int line = 0;
    if (deliverable_parse(&arena, buf_str(text), text->len, &d, &line, &e) == 0) {
        dump(&d, &got);
    } else {
        buf_addf(&got, "= %s\n", e.text);
        assert_int_equal(e.code, ERR_INPUT);
        assert_true(line >= 1);
    }
    bool same = buf_str(want)[0] == '=' ? strncmp(buf_str(&got), buf_str(want), want->len - 1) == 0
                                        : strcmp(buf_str(&got), buf_str(want)) == 0;
    if (!same)
        fprintf(stderr, "%s: expected\n%sgot\n%s", what, buf_str(want), buf_str(&got));
    buf_free(&got);
    arena_free(&arena);
    return !same;
}

static void test_data(void **state)
{
    (void)state;
    FILE *f = fopen("tests/unit/data/deliverable.data", "r");
    struct buf text = BUF_INIT, want = BUF_INIT;
    char line[512], what[256] = "";
    int wrong = 0, seen = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        bool expected = line[0] == '>' || line[0] == '=', start = strncmp(line, "== ", 3) == 0;
        if (start && seen++)
            wrong += check_case(what, &text, &want);
        if (start) {
            snprintf(what, sizeof what, "%.200s", line + 3);
            buf_reset(&text);
            buf_reset(&want);
        } else if (seen) {
            buf_add_str(expected ? &want : &text, line);
        }
    }
    wrong += check_case(what, &text, &want);
    buf_free(&text);
    buf_free(&want);
    fclose(f);
    assert_true(seen > 40);
    assert_int_equal(wrong, 0);
}

/* ---- what is too much ---- */

static void expect_bad(struct buf *text, const char *reason)
{
    struct arena arena = ARENA_INIT;
    struct deliverable d;
    struct err e = {0};
    int line = 0;
    assert_int_equal(deliverable_parse(&arena, buf_str(text), text->len, &d, &line, &e), -1);
    if (strstr(e.text, reason) == NULL)
        fail_msg("expected '%s', got '%s'", reason, e.text);
    buf_free(text);
    arena_free(&arena);
}

static void fill(struct buf *out, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        buf_add_str(out, text);
}

static void test_too_much(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    buf_add_str(&b, "team: ");
    fill(&b, "0123456789", 1000000);
    expect_bad(&b, "the file is too large");
    buf_add_str(&b, "cycle-highlights: ");
    fill(&b, "0123456789", 7000);
    expect_bad(&b, "a value is too long");
    buf_add_str(&b, "team: ");
    fill(&b, "0123456789", 100);
    buf_add_str(&b, "\nrepository-settings: {a/b: {}}\n");
    expect_bad(&b, "team is too long");
    buf_add_str(&b, "releases: ");
    fill(&b, "[", 100000);
    expect_bad(&b, "nested too deeply");
    buf_add_str(&b, "releases: [");
    fill(&b, "{}, ", 300000);
    expect_bad(&b, "too many values");
    buf_add_str(&b, "repository-settings:\n");
    for (int i = 0; i < 2000; i++)
        buf_addf(&b, "  openstack/r%d: {}\n", i);
    expect_bad(&b, "too many repositories");
    buf_add(&b, "team: caf\xe9\n", 10);
    expect_bad(&b, "line 1: ");
    buf_add(&b, "team: a\0b\n", 10);
    expect_bad(&b, "line 1: ");
}

static void test_names(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "openstack/nova", "_x", "a.b/c+d~e-f", "a/b/c/d"};
    static const char *const bad[] = {"",    "/",  "a/",  "/a",  "a//b", ".",      "..",
                                      "a/.", "-a", "a b", "a\n", "a\"b", "a/../b", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(reading_is_repo(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(reading_is_repo(bad[i]));
    assert_false(reading_is_name("a/b"));
}

/* ---- the list of series ---- */

static void check_series(const char *text, const char *want)
{
    struct arena arena = ARENA_INIT;
    struct series_entry *list = NULL;
    struct buf got = BUF_INIT;
    struct err e = {0};
    size_t count = 0;
    int line;
    if (series_list_parse(&arena, text, strlen(text), &list, &count, &line, &e))
        buf_add_str(&got, e.text);
    for (size_t i = 0; i < count && e.code == ERR_NONE; i++)
        buf_addf(&got, "%s%s:%d:%s:%s:%s:%s", i ? " " : "", list[i].name, list[i].position,
                 or_dash(list[i].release), or_dash(list[i].status),
                 or_dash(list[i].initial_release), or_dash(list[i].eol_date));
    assert_string_equal(buf_str(&got), want);
    buf_free(&got);
    arena_free(&arena);
}

static void test_series_list(void **state)
{
    (void)state;
    check_series(
        "- {name: b, release-id: 2025.1, status: maintained, initial-release: 2025-04-02}\n"
        "- {name: a, status: end of life, initial-release: 2010-10-21, eol-date: 2011-01-01}\n",
        "a:1:-:end of life:2010-10-21:2011-01-01 b:2:2025.1:maintained:2025-04-02:-");
    /* whatever the order of the file */
    check_series(
        "- {name: a, initial-release: 2024-10-02}\n- {name: b, initial-release: 2025-04-02}\n"
        "- {name: c, status: future}\n",
        "a:1:-:-:2024-10-02:- b:2:-:-:2025-04-02:- c:3:-:future:-:-");
    check_series("- {name: b, release-id: 2025.2}\n- {name: a, release-id: 2025.1}\n",
                 "a:1:2025.1:-:-:- b:2:2025.2:-:-:-");
    check_series("- {name: b}\n- {name: a}\n", "a:1:-:-:-:- b:2:-:-:-:-");
    /* what is no day of the calendar is no date */
    check_series("- {name: a, initial-release: 2025-02-30, eol-date: soon}\n", "a:1:-:-:-:-");
    check_series("", "line 1: the file is no list");
    check_series("- a\n", "line 1: a series is no map");
    check_series("- {status: x}\n", "line 1: name is missing");
    check_series("- {name: a/b}\n", "line 1: 'a/b' is no name for a series");
    check_series("- {name: a}\n- {name: a}\n", "line 1: the series a stands twice");
    check_series("- {name: a, status: [x]}\n", "line 1: status is no text");
}

/* ---- lists ---- */

static void check_list(const char *text, const char *want)
{
    struct arena arena = ARENA_INIT;
    struct list_entry *list = NULL;
    struct buf got = BUF_INIT;
    struct err e = {0};
    size_t count = 0;
    if (list_file_parse(&arena, text, strlen(text), &list, &count, &e))
        buf_add_str(&got, e.text);
    for (size_t i = 0; i < count && e.code == ERR_NONE; i++) {
        buf_addf(&got, "%s[%s", i ? " " : "", or_dash(list[i].project));
        if (list[i].reason)
            buf_addf(&got, " !%s", list[i].reason);
        for (size_t k = 0; !list[i].reason && k < list[i].content.version_count; k++)
            buf_addf(&got, " %s/%s", list[i].content.versions[k].artifact,
                     list[i].content.versions[k].version);
        buf_add_char(&got, ']');
    }
    assert_string_equal(buf_str(&got), want);
    buf_free(&got);
    arena_free(&arena);
}

static void test_list_file(void **state)
{
    (void)state;
    check_list("- {project: a/b, version: 1.0}\n- {project: c, versions: [1.10, 2], artifact: d}\n"
               "- {project: e}\n",
               "[a/b b/1.0] [c d/1.10 d/2] [e]");
    /* one that cannot be read leaves the others */
    check_list("- {project: a, version: next}\n- {project: b, version: 1}\n- text\n"
               "- {version: 1}\n- {project: \"x y\", version: 1}\n- {project: b, version: 2}\n"
               "- {project: c, version: 1, versions: [1]}\n",
               "[a !line 1: 'next' is no version] [b b/1] [- !line 3: an entry is no map] "
               "[- !line 4: project is missing] [- !line 5: 'x y' is no name of a project] "
               "[b !line 6: the project b stands twice] [c !line 7: version 1 stands twice]");
    check_list("a: b\n", "line 1: the file is no list");
    check_list("[", "line 2: did not find expected node content");
}

static void test_list_example(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT;
    struct list_entry *list = NULL;
    struct buf text = BUF_INIT;
    struct err e = {0};
    size_t count = 0;
    assert_int_equal(file_read("doc/examples/team/lists/others.yaml", 1 << 16, &text, &e), 0);
    assert_int_equal(list_file_parse(&arena, buf_str(&text), text.len, &list, &count, &e), 0);
    assert_true(count >= 2);
    for (size_t i = 0; i < count; i++)
        assert_null(list[i].reason);
    buf_free(&text);
    arena_free(&arena);
}

static void test_tags(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *tag, *version;
    } cases[] = {
        {"*", "1.0", "1.0"},     {"v*", "v1.0", "1.0"},       {"v*", "1.0", NULL},
        {"v*", "v", NULL},       {"a-*-z", "a-1-z", "1"},     {"a-*-z", "a-z", NULL},
        {"a-*-z", "a--z", NULL}, {"*-final", "2-final", "2"},
    };
    struct arena arena = ARENA_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = tags_match(&arena, cases[i].pattern, cases[i].tag);
        assert_string_equal(or_dash(got), or_dash(cases[i].version));
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),      cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_names),     cmocka_unit_test(test_series_list),
        cmocka_unit_test(test_list_file), cmocka_unit_test(test_list_example),
        cmocka_unit_test(test_tags),
    };
    return cmocka_run_group_tests_name("deliverable", tests, NULL, NULL);
}
