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
    size_t n =
        names_candidates(&arena, repo, none_if_dash(artifact), none_if_dash(configured), out);
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_data)};
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
