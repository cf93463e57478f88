// SPDX-License-Identifier: Apache-2.0
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/mask.h"
#include "core/rules/names.h"
#include "tests/unit/data_file.h"

static char wrong[2048];

/* The rules that the data was measured with; a configuration says its own. */
static const char *const prefixes[] = {"python-", "openstack-"};
static const struct name_pair either[] = {{"puppet-", "puppet-module-"}};
static const struct name_rules rules = {prefixes, 2, either, 1};

static const char *none_if_dash(const char *s)
{
    return strcmp(s, "-") == 0 ? NULL : s;
}

static const char *check_names(char *line)
{
    char *repo = data_file_word(&line), *artifact = data_file_word(&line);
    char *configured = data_file_word(&line);
    struct arena arena = ARENA_INIT;
    struct name_candidate out[NAMES_MAX];
    size_t n = names_candidates(&arena, &rules, repo, none_if_dash(artifact),
                                none_if_dash(configured), out);
    size_t used = 0;
    wrong[0] = '\0';
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(wrong + used, sizeof(wrong) - used, "%s%s:%s", i ? " " : "",
                                 out[i].rule, out[i].name);
    arena_free(&arena);
    return strncmp(line, "= ", 2) == 0 && strcmp(line + 2, wrong) == 0 ? NULL : wrong;
}

static const char *check_homepage(char *line)
{
    char *address = data_file_word(&line);
    struct arena arena = ARENA_INIT;
    const char *repo, *last;
    if (names_homepage_repo(&arena, address, &repo, &last))
        snprintf(wrong, sizeof(wrong), "= %s %s", repo, last);
    else
        snprintf(wrong, sizeof(wrong), "= none");
    arena_free(&arena);
    return strcmp(line, wrong) == 0 ? NULL : wrong;
}

static const char *check_mask(char *line)
{
    char *pattern = data_file_word(&line), *op = data_file_word(&line);
    char *field = data_file_word(&line), *value = data_file_word(&line);
    const char *got_field = "";
    struct buf regex = BUF_INIT;
    struct err e;
    bool bad = mask_compile(pattern, &got_field, &regex, &e) != 0, matches = false;
    regex_t compiled;
    if (!bad && regcomp(&compiled, buf_str(&regex), REG_EXTENDED | REG_NOSUB) == 0) {
        matches = regexec(&compiled, value, 0, NULL, 0) == 0;
        regfree(&compiled);
    }
    snprintf(wrong, sizeof(wrong), "%s %s", got_field, bad ? e.text : buf_str(&regex));
    buf_free(&regex);
    if (strcmp(op, "=") == 0)
        return bad ? NULL : "was taken";
    return !bad && strcmp(got_field, field) == 0 && matches == (*op == '~') ? NULL : wrong;
}

static const char *check_line(char *line)
{
    char *what = data_file_word(&line);
    if (strcmp(what, "names") == 0)
        return check_names(line);
    if (strcmp(what, "homepage") == 0)
        return check_homepage(line);
    return strcmp(what, "mask") == 0 ? check_mask(line) : "unknown kind of line";
}

static void test_data(void **state)
{
    (void)state;
    assert_int_equal(data_file_run("tests/unit/data/names.data", check_line), 0);
}

/* The names of a project by other rules, or by none. */
static void test_rules_of_others(void **state)
{
    (void)state;
    static const char *const golang[] = {"golang-"};
    static const struct name_pair rust[] = {{"rust-", "rust-lib-"}};
    const struct name_rules others = {golang, 1, rust, 1}, none = {NULL, 0, NULL, 0};
    struct name_candidate out[NAMES_MAX];
    struct arena a = ARENA_INIT;

    assert_int_equal(names_candidates(&a, &none, "team/puppet-x", NULL, NULL, out), 1);
    assert_string_equal(out[0].name, "puppet-x");
    assert_int_equal(names_candidates(&a, &others, "team/x", NULL, NULL, out), 2);
    assert_string_equal(out[1].name, "golang-x");
    assert_int_equal(names_candidates(&a, &others, "team/golang-x", NULL, NULL, out), 2);
    assert_string_equal(out[1].name, "x");
    assert_int_equal(names_candidates(&a, &others, "team/rust-x", NULL, NULL, out), 2);
    assert_string_equal(out[1].name, "rust-lib-x");
    assert_int_equal(names_candidates(&a, &others, "team/rust-lib-x", NULL, NULL, out), 2);
    assert_string_equal(out[1].name, "rust-x");
    assert_string_equal(out[1].rule, "prefix");
    arena_free(&a);
}

/* A long list of prefixes ends at what there is room for. */
static void test_more_rules_than_room(void **state)
{
    (void)state;
    const char *prefixes_of_many[2 * NAMES_MAX];
    struct arena a = ARENA_INIT;
    struct name_candidate out[NAMES_MAX];
    for (size_t i = 0; i < 2 * NAMES_MAX; i++)
        prefixes_of_many[i] = arena_printf(&a, "p%zu-", i);
    const struct name_rules many = {prefixes_of_many, 2 * NAMES_MAX, NULL, 0};
    assert_int_equal(names_candidates(&a, &many, "x", "y", NULL, out), NAMES_MAX);
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_data),
                                       cmocka_unit_test(test_rules_of_others),
                                       cmocka_unit_test(test_more_rules_than_room)};
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
