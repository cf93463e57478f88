// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/rules/version.h"
#include "tests/unit/data_file.h"

static char wrong[2048];

static const char *check_upstream(char *version, char *kind_word, const char *expected)
{
    enum version_kind kind;
    struct buf got = BUF_INIT;
    struct err e;
    int r = version_from_upstream(version, &kind, &got, &e);
    enum version_kind want =
        strcmp(kind_word, "prerelease") == 0 ? VERSION_PRERELEASE : VERSION_FINAL;
    snprintf(wrong, sizeof(wrong), "got '%s', kind %d", r ? e.text : buf_str(&got), (int)kind);
    bool right = r == 0 && kind == want && strcmp(buf_str(&got), expected) == 0;
    buf_free(&got);
    return right ? NULL : wrong;
}

static const char *check_end(const char *version)
{
    enum version_kind kind;
    struct buf got = BUF_INIT;
    int r = version_from_upstream(version, &kind, &got, NULL);
    buf_free(&got);
    return r == 0 && kind == VERSION_END ? NULL : "is no end of a branch";
}

static const char *check_bad(const char *version)
{
    enum version_kind kind;
    struct buf got = BUF_INIT;
    buf_add_str(&got, "kept");
    int r = version_from_upstream(version, &kind, &got, NULL);
    bool right = r != 0 && strcmp(buf_str(&got), "kept") == 0;
    buf_free(&got);
    return right ? NULL : "was taken";
}

static const char *check_part(const char *version, const char *expected)
{
    struct buf got = BUF_INIT;
    int r = version_upstream_part(version, &got, NULL);
    snprintf(wrong, sizeof(wrong), "got %d '%s'", r, buf_str(&got));
    bool right = expected == NULL ? r != 0 : r == 0 && strcmp(buf_str(&got), expected) == 0;
    buf_free(&got);
    return right ? NULL : wrong;
}

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static int compare(const char *a, const char *b)
{
    struct buf ka = BUF_INIT, kb = BUF_INIT;
    struct err e;
    if (version_key(a, &ka, &e) != 0 || version_key(b, &kb, &e) != 0)
        fail_msg("%s", e.text);
    int r = memcmp(ka.data, kb.data, ka.len < kb.len ? ka.len : kb.len);
    if (r == 0)
        r = sign((ka.len > kb.len) - (ka.len < kb.len));
    buf_free(&ka);
    buf_free(&kb);
    return sign(r);
}

static const char *check_order(const char *a, const char *op, const char *b)
{
    int want = *op == '<' ? -1 : *op == '>';
    return compare(a, b) == want && compare(b, a) == -want ? NULL : "out of order";
}

static const char *check_nokey(const char *version)
{
    struct buf key = BUF_INIT;
    int r = version_key(version, &key, NULL);
    size_t len = key.len;
    buf_free(&key);
    return r != 0 && len == 0 ? NULL : "got a key";
}

static const char *check_line(char *line)
{
    char *what = data_file_word(&line);
    if (strcmp(what, "bad") == 0)
        return check_bad(line);
    if (strcmp(what, "nokey") == 0)
        return check_nokey(line);
    char *a = data_file_word(&line), *b = data_file_word(&line), *c = data_file_word(&line);
    if (strcmp(what, "upstream") == 0)
        return check_upstream(a, b, c);
    if (strcmp(what, "end") == 0)
        return check_end(a);
    if (strcmp(what, "part") == 0)
        return check_part(a, b);
    if (strcmp(what, "nopart") == 0)
        return check_part(a, NULL);
    if (strcmp(what, "patched") == 0)
        return version_is_patched(a) ? NULL : "not patched";
    if (strcmp(what, "unpatched") == 0)
        return !version_is_patched(a) ? NULL : "patched";
    if (strcmp(what, "order") == 0)
        return check_order(a, b, c);
    return "unknown kind of line";
}

static void test_data(void **state)
{
    (void)state;
    assert_int_equal(data_file_run("tests/unit/data/version.data", check_line), 0);
}

/* The two keys that are written out where the format is described. */
static void test_key_bytes(void **state)
{
    (void)state;
    static const unsigned char rc[] = {0, 2,    2,    '3', '1', 0x39, 2, 0, 0x39, 2, 0,
                                       1, 0x2e, 0x1f, 2,   1,   '1',  2, 2, 0,    2};
    struct buf key = BUF_INIT;
    assert_int_equal(version_key("31.0.0~rc1", &key, NULL), 0);
    assert_int_equal(key.len, sizeof(rc));
    assert_memory_equal(key.data, rc, sizeof(rc));
    buf_free(&key);
}

static void test_long_numbers(void **state)
{
    (void)state;
    char digits[300];
    memset(digits, '9', sizeof(digits));
    digits[254] = '\0';
    struct buf key = BUF_INIT;
    assert_int_equal(version_key(digits, &key, NULL), 0);
    digits[254] = '9';
    digits[255] = '\0';
    assert_int_equal(version_key(digits, &key, NULL), -1);
    buf_free(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_key_bytes),
        cmocka_unit_test(test_long_numbers),
    };
    return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
