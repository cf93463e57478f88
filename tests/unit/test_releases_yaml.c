// SPDX-License-Identifier: Apache-2.0
/* core/admin/releases_yaml: os-version-checker's file, and what is written instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/admin/releases_yaml.h"
#include "core/format/yaml.h"

static struct arena arena = ARENA_INIT;

/* All files one after another, as they would be written. */
static void expect(const char *text, const char *expected)
{
    struct err e = {0};
    struct buf out = BUF_INIT;
    struct releases_series *list = releases_read(&arena, text, strlen(text), &e);
    if (!list)
        fail_msg("%s", e.text);
    for (; list; list = list->next)
        releases_write(list, &out);
    assert_string_equal(buf_str(&out), expected);
    buf_free(&out);
}

static void refuse(const char *text, const char *why)
{
    struct err e = {0};
    assert_null(releases_read(&arena, text, strlen(text), &e));
    if (!strstr(e.text, why))
        fail_msg("\"%s\" does not say \"%s\"", e.text, why);
}

static void test_entries(void **state)
{
    (void)state;
    expect("bookworm-epoxy:\n  os_ver_uri: https://releases.openstack.org/epoxy\n"
           "  apt:\n    - deb http://h/debian bookworm-epoxy-backports main\n"
           "    - deb http://h/debian bookworm-epoxy-backports main\n"
           "    - deb [signed-by=/k.gpg] http://h/debian x main contrib\n"
           "sid-zed: {os_ver_uri: 'https://releases.openstack.org/zed/index.html/', apt: deb "
           "http://d sid main}\n"
           "sid-epoxy: {os_ver_uri: ['https://releases.openstack.org/Epoxy.html'], apt: [deb "
           "http://d sid main]}\n",
           "series: epoxy\ntargets:\n  bookworm:\n"
           "    - deb http://h/debian bookworm-epoxy-backports main\n"
           "    - deb [signed-by=/k.gpg] http://h/debian x main contrib\n"
           "  sid:\n    - deb http://d sid main\n"
           "series: index\ntargets:\n  sid-zed:\n    - deb http://d sid main\n");
}

/* What the tool fills in itself. */
static void test_left_out(void **state)
{
    (void)state;
    expect(
        "buster-train:\n",
        "series: train\ntargets:\n  buster:\n"
        "    - deb http://buster-train.debian.net/debian buster-train-backports main\n"
        "    - deb http://buster-train.debian.net/debian buster-train-backports-nochange main\n");
    expect("stein:\n  os_ver_uri: https://releases.openstack.org/stein\n  deb_os_ver_uri:\n"
           "  - http://h/debian/dists/buster-stein-backports/main/source/Sources\n"
           "  - http://h/debian/dists/stable/updates/main/source/Sources.xz\n",
           "series: stein\ntargets:\n  buster:\n    - deb http://h/debian buster-stein-backports "
           "main\n"
           "    - deb http://h/debian stable/updates main\n");
    expect("stein: {apt: deb http://h/debian sid main}\n",
           "series: stein\ntargets:\n  sid:\n    - deb http://h/debian sid main\n");
}

static void test_refused(void **state)
{
    (void)state;
    refuse("", "no entry");
    refuse("- a\n", "no entry");
    refuse("a-b: x\n", "expected a map");
    refuse("../../etc: {}\n", "not the name");
    refuse("a-b: {os_ver_uri: 'https://x/..'}\n", "does not end in a series");
    refuse("a-b: {os_ver_uri: 'https://x/a b'}\n", "does not end in a series");
    refuse("a-b: {apt: [{x: y}]}\n", "not an apt line");
    refuse("a-b: {apt: []}\n", "no apt line");
    refuse("a-b: {deb_os_ver_uri: http://x/Packages}\n", "not the address");
    refuse("a-b: {}\nA-b: {}\n", "line 2: A-b: an entry before it");
    refuse("a-b: {}\na-b: {}\n", "line 2");
    refuse("a: [\n", "line");
}

/* Whatever an entry holds, what is written is YAML that says the same. */
static void test_quoted(void **state)
{
    (void)state;
    static const char *const lines[] = {"deb x: y # z", "deb a b c # comment",
                                        "- x",          "\"quoted\" \\ back",
                                        "deb a b c:",   "deb a b c ",
                                        "deb \\x\tb",   "'",
                                        "deb 'a' {b} c"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct releases_target t = {
            .name = "no", .lines = (const char *[]){lines[i]}, .line_count = 1};
        struct releases_series s = {.name = "2023.1", .targets = &t};
        struct buf out = BUF_INIT;
        struct err e = {0};
        releases_write(&s, &out);
        struct node *root = yaml_parse(&arena, out.data, out.len, &yaml_default_limits, NULL, &e);
        if (!root)
            fail_msg("%s\n%s", e.text, out.data);
        const struct node *line = yaml_get(yaml_get(root, "targets"), "no");
        assert_string_equal(yaml_text(line->first), lines[i]);
        assert_string_equal(yaml_text(yaml_get(root, "series")), "2023.1");
        buf_free(&out);
    }
}

static int stop(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries), cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_quoted)};
    return cmocka_run_group_tests_name("releases_yaml", tests, NULL, stop);
}
