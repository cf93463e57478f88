// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cgi/http/request.h"
#include "cgi/http/text.h"

static struct arena arena = ARENA_INIT;

struct source {
    const char *text;
    size_t len, step; /* how much each read gives at most */
};

static long take(void *data, char *out, size_t len)
{
    struct source *s = data;
    size_t n = s->len < s->step ? s->len : s->step;
    n = n < len ? n : len;
    memcpy(out, s->text, n);
    s->text += n;
    s->len -= n;
    return (long)n;
}

static struct request make(const char *const *variables)
{
    struct request r;
    size_t count = 0;
    while (variables[count])
        count++;
    char **env = arena_alloc(&arena, (count + 1) * sizeof *env);
    for (size_t i = 0; i < count; i++)
        env[i] = arena_strdup(&arena, variables[i]);
    request_init(&r, &arena, env, (struct request_input){NULL, NULL});
    return r;
}

static struct request make_one(const char *variable)
{
    return make((const char *const[]){variable, NULL});
}

static int finish(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static void reads_method_and_path(void **state)
{
    (void)state;
    const char *env[] = {"REQUEST_METHOD=POST", "SCRIPT_NAME=/hook",    "PATH_INFO=/epoxy",
                         "QUERY_STRING=a",      "REQUEST_METHOD_X=GET", NULL};
    struct request r = make(env);
    assert_int_equal(r.method, METHOD_POST);
    assert_string_equal(r.script, "/hook");
    assert_string_equal(r.path, "/epoxy");
    assert_string_equal(r.query, "a");
    assert_true(r.path_valid);
    const char *empty[] = {NULL};
    r = make(empty);
    assert_int_equal(r.method, METHOD_OTHER);
    assert_string_equal(r.path, "");
    assert_true(r.path_valid);
    static const char *const bad[] = {"PATH_INFO=x", "PATH_INFO=/\xff", "PATH_INFO=/a\nb",
                                      "PATH_INFO=/\x7f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(make_one(bad[i]).path_valid);
    }
}

static void finds_headers_by_name(void **state)
{
    (void)state;
    const char *env[] = {"HTTP_WEBHOOK_ID=x",    "CONTENT_TYPE=text/plain",
                         "HTTP_CONTENT_TYPE=no", "HTTP_X_HUB_SIGNATURE_256=y",
                         "HTTP_EMPTY=",          NULL};
    struct request r = make(env);
    assert_string_equal(request_header(&r, "webhook-id"), "x");
    assert_string_equal(request_header(&r, "X-Hub-Signature-256"), "y");
    assert_string_equal(request_header(&r, "Content-Type"), "text/plain");
    assert_string_equal(request_header(&r, "empty"), "");
    assert_null(request_header(&r, "webhook"));
    char name[200];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_null(request_header(&r, name));
}

static void takes_plain_lengths_only(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        int status;
        size_t length;
    } rows[] = {
        {"CONTENT_LENGTH=0", 0, 0},
        {"CONTENT_LENGTH=65536", 0, 65536},
        {"CONTENT_LENGTH=007", 0, 7},
        {"CONTENT_LENGTH=", -1, 0},
        {"CONTENT_LENGTH=-1", -1, 0},
        {"CONTENT_LENGTH=+1", -1, 0},
        {"CONTENT_LENGTH= 1", -1, 0},
        {"CONTENT_LENGTH=1 ", -1, 0},
        {"CONTENT_LENGTH=0x10", -1, 0},
        {"CONTENT_LENGTH=1, 1", -1, 0},
        {"OTHER=1", -1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request r = make_one(rows[i].variable);
        size_t length = 0;
        assert_int_equal(request_content_length(&r, &length), rows[i].status);
        assert_int_equal(length, rows[i].length);
    }
    const char *huge[] = {"CONTENT_LENGTH=18446744073709551617", NULL};
    struct request r = make(huge);
    size_t length = 0;
    assert_int_equal(request_content_length(&r, &length), 0);
    assert_true(length > 16u << 20); /* above every limit, whatever the sum would wrap to */
}

static void knows_json_by_its_type(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        bool is;
    } rows[] = {
        {"CONTENT_TYPE=application/json", true},
        {"CONTENT_TYPE=Application/JSON", true},
        {"CONTENT_TYPE=application/json; charset=utf-8", true},
        {"CONTENT_TYPE=application/json ;charset=utf-8", true},
        {"CONTENT_TYPE=application/json;", true},
        {"CONTENT_TYPE=application/jsonx", false},
        {"CONTENT_TYPE=application/json, application/json", false},
        {"CONTENT_TYPE=application/json+x", false},
        {"CONTENT_TYPE=text/json", false},
        {"CONTENT_TYPE=application/x-www-form-urlencoded", false},
        {"CONTENT_TYPE=", false},
        {"OTHER=", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request r = make_one(rows[i].variable);
        assert_int_equal(request_is_json(&r), rows[i].is);
    }
}

static void reads_a_body_in_pieces(void **state)
{
    (void)state;
    static const char text[] = "a\0b{}";
    for (size_t step = 1; step <= 6; step++) {
        char *env[] = {NULL};
        struct source s = {text, 5, step};
        struct request r;
        request_init(&r, &arena, env, (struct request_input){take, &s});
        assert_int_equal(request_read_body(&r, 5), 0);
        assert_int_equal(r.body_len, 5);
        assert_memory_equal(r.body, text, 6);
        assert_int_equal(request_read_body(&r, 1), -1); /* nothing is left */
    }
    char *env[] = {NULL};
    struct request r;
    struct source s = {text, 3, 9};
    request_init(&r, &arena, env, (struct request_input){take, &s});
    assert_int_equal(request_read_body(&r, 0), 0);
    assert_int_equal(r.body_len, 0);
    assert_int_equal(request_read_body(&r, 5), -1); /* the client went away */
}

static void takes_an_id_that_is_a_plain_word(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        const char *id;
    } rows[] = {
        {"UNIQUE_ID=aGVsbG8@x-_", "aGVsbG8@x-_"},
        {"HTTP_X_REQUEST_ID=17:ab.c", "17:ab.c"},
        {"HTTP_X_REQUEST_ID=a b", NULL},
        {"HTTP_X_REQUEST_ID=a\"b", NULL},
        {"HTTP_X_REQUEST_ID=", NULL},
        {"HTTP_X_REQUEST_ID=0123456789012345678901234567890123456789012345678901234567890123x",
         NULL},
        {"OTHER=x", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request r = make_one(rows[i].variable);
        const char *id = request_id(&r);
        if (rows[i].id)
            assert_string_equal(id, rows[i].id);
        else
            assert_null(id);
    }
    const char *both[] = {"HTTP_X_REQUEST_ID=theirs", "UNIQUE_ID=ours", NULL};
    struct request r = make(both);
    assert_string_equal(request_id(&r), "ours");
}

static void parses_queries(void **state)
{
    (void)state;
    const char *env[] = {"QUERY_STRING=a=1&b=x+y%2fz&&c&a=2&d=&%65=%c3%a9", NULL};
    struct request r = make(env);
    assert_int_equal(request_parse_query(&r), 0);
    assert_int_equal(r.param_count, 6);
    assert_string_equal(request_param(&r, "a"), "1");
    assert_string_equal(request_param(&r, "b"), "x y/z");
    assert_string_equal(request_param(&r, "c"), "");
    assert_string_equal(request_param(&r, "d"), "");
    assert_string_equal(request_param(&r, "e"), "\xc3\xa9");
    assert_null(request_param(&r, "f"));
    static const char *const bad[] = {
        "QUERY_STRING=%",     "QUERY_STRING=a=%4",  "QUERY_STRING=%zz",    "QUERY_STRING=a=%ff",
        "QUERY_STRING=a=%00", "QUERY_STRING=a=%0a", "QUERY_STRING=%c0%af", "QUERY_STRING=a=\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        r = make_one(bad[i]);
        assert_int_equal(request_parse_query(&r), -1);
        assert_int_equal(r.param_count, 0);
    }
    char many[14 + 2 * (REQUEST_PARAM_MAX + 1)] = "QUERY_STRING=";
    for (int i = 0; i < REQUEST_PARAM_MAX; i++)
        strcat(many, "a&");
    const char *limit[] = {many, NULL};
    r = make(limit);
    assert_int_equal(request_parse_query(&r), 0);
    strcat(many, "a");
    r = make(limit);
    assert_int_equal(request_parse_query(&r), -1);
    static char large[REQUEST_QUERY_MAX + 20];
    memset(large, 'a', sizeof large - 1);
    memcpy(large, "QUERY_STRING=", 13);
    const char *too_large[] = {large, NULL};
    r = make(too_large);
    assert_int_equal(request_parse_query(&r), -1);
}

static void compares_etags(void **state)
{
    (void)state;
    static const struct {
        const char *variable;
        bool has;
    } rows[] = {
        {"HTTP_IF_NONE_MATCH=\"abc\"", true},
        {"HTTP_IF_NONE_MATCH=W/\"abc\"", true},
        {"HTTP_IF_NONE_MATCH=\"abc-gzip\"", true},
        {"HTTP_IF_NONE_MATCH=\"abd-gzip\"", false},
        {"HTTP_IF_NONE_MATCH=\"x\", W/\"y\",\"abc\"", true},
        {"HTTP_IF_NONE_MATCH=*", true},
        {"HTTP_IF_NONE_MATCH= * ", true},
        {"HTTP_IF_NONE_MATCH=\"ab\"", false},
        {"HTTP_IF_NONE_MATCH=\"abcd\"", false},
        {"HTTP_IF_NONE_MATCH=\"abc-brzip\"", false},
        {"HTTP_IF_NONE_MATCH=abc", false},
        {"HTTP_IF_NONE_MATCH=\"abc", false},
        {"HTTP_IF_NONE_MATCH=*,\"x\"", false},
        {"HTTP_IF_NONE_MATCH=\"x\" garbage \"abc\"", false},
        {"HTTP_IF_NONE_MATCH=", false},
        {"OTHER=", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct request r = make_one(rows[i].variable);
        if (request_has_etag(&r, "\"abc\"") != rows[i].has)
            fail_msg("%s", rows[i].variable);
    }
}

static void knows_clean_text(void **state)
{
    (void)state;
    static const char *const clean[] = {
        "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc2\xa0"};
    static const char *const dirty[] = {"\x80",
                                        "\xc3",
                                        "\xc0\x80",
                                        "\xed\xa0\x80",
                                        "\xe0\x80\x80",
                                        "\xf0\x80\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xc2\x85",
                                        "\x1b[0m",
                                        "a\tb",
                                        "\xf8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof clean / sizeof *clean; i++)
        assert_true(text_is_clean(clean[i], strlen(clean[i])));
    for (size_t i = 0; i < sizeof dirty / sizeof *dirty; i++)
        assert_false(text_is_clean(dirty[i], strlen(dirty[i])));
    assert_false(text_is_clean("a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_method_and_path),
        cmocka_unit_test(finds_headers_by_name),
        cmocka_unit_test(takes_plain_lengths_only),
        cmocka_unit_test(knows_json_by_its_type),
        cmocka_unit_test(reads_a_body_in_pieces),
        cmocka_unit_test(takes_an_id_that_is_a_plain_word),
        cmocka_unit_test(parses_queries),
        cmocka_unit_test(compares_etags),
        cmocka_unit_test(knows_clean_text),
    };
    return cmocka_run_group_tests(tests, NULL, finish);
}
