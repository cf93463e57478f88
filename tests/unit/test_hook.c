// SPDX-License-Identifier: Apache-2.0
/* hook.fcgi up to the database: senders and their secrets from files, the order of the checks,
 * what is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "cgi/hook/hook.h"
#include "core/base/file.h"

static char folder[] = "/tmp/deb-status-test.XXXXXX";
static char config_path[64];
static struct hook hook;
static struct arena arena = ARENA_INIT;

static void put(const char *name, const char *text, mode_t mode)
{
    struct err e;
    char *path = file_join(folder, name);
    if (file_write(path, text, strlen(text), mode, &e) != 0)
        fail_msg("%s", e.text);
    free(path);
}

#define NEW   "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3\n"
#define OLD   "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xk\n"
#define PLAIN "It's a Secret to Everybody\n"

static int start(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(config_path, sizeof config_path, "%s/deb-status.yaml", folder);
    put("new", NEW, 0640);
    put("old", OLD, 0640);
    put("plain", PLAIN, 0640);
    put("open", NEW, 0644);
    put("short", "whsec_AAAA\n", 0640);
    put("deb-status.yaml",
        "database: dbname=nowhere\nsite: {url: 'https://x.example'}\nsenders:\n"
        "  both: {secrets: [new, old]}\n"
        "  one: {secrets: [old], body-limit: 1M}\n"
        "  tiny: {secrets: [old], body-limit: 10}\n"
        "  hub: {secrets: [plain], profile: github}\n"
        "  lab: {secrets: [plain], profile: hmac, header: X-Sig}\n"
        "  half: {secrets: [open, short, absent, new]}\n"
        "  none: {secrets: [open]}\n"
        "  default: {secrets: [new]}\n",
        0644);
    senders_open(&hook.senders, config_path);
    return hook.senders.config ? 0 : -1;
}

static int stop(void **state)
{
    struct err e;
    (void)state;
    senders_close(&hook.senders);
    arena_free(&arena);
    return file_remove_tree(folder, &e);
}

static long take(void *data, char *out, size_t len)
{
    const char **text = data;
    size_t n = strlen(*text) < len ? strlen(*text) : len;
    memcpy(out, *text, n);
    *text += n;
    return (long)n;
}

static const char *reason_of(const char *const *variables, const char *body, int *status,
                             struct delivery *delivery)
{
    static struct request req;
    static const char *rest;
    size_t count = 0;
    while (variables[count])
        count++;
    char **env = arena_alloc(&arena, (count + 1) * sizeof *env);
    for (size_t i = 0; i < count; i++)
        env[i] = arena_strdup(&arena, variables[i]);
    rest = body;
    request_init(&req, &arena, env, (struct request_input){take, &rest});
    *status = 0;
    *delivery = (struct delivery){NULL, NULL, NULL};
    return hook_check(&hook, &req, delivery, status);
}

static void checks_in_the_order_of_the_contract(void **state)
{
    (void)state;
    static const struct {
        const char *path, *length, *type, *body;
        int status;
        const char *reason;
    } rows[] = {
        {"/one", "OTHER=", "OTHER=", "", 411, "length"},
        {"/one", "HTTP_TRANSFER_ENCODING=chunked", "CONTENT_LENGTH=2", "{}", 411, "length"},
        {"/one", "CONTENT_LENGTH=x", "OTHER=", "", 411, "length"},
        {"/nobody", "CONTENT_LENGTH=65537", "OTHER=", "", 413, "size"},
        {"/both", "CONTENT_LENGTH=65537", "OTHER=", "", 413, "size"},
        {"/one", "CONTENT_LENGTH=1048577", "OTHER=", "", 413, "size"},
        {"/one", "CONTENT_LENGTH=1048576", "OTHER=", "", 415, "type"},
        {"/tiny", "CONTENT_LENGTH=11", "OTHER=", "", 413, "size"},
        {"/tiny", "CONTENT_LENGTH=10", "OTHER=", "", 415, "type"},
        {"/one", "CONTENT_LENGTH=2", "CONTENT_TYPE=text/plain", "{}", 415, "type"},
        {"/one", "CONTENT_LENGTH=3", "CONTENT_TYPE=application/json", "{}", 400, "body"},
        {"/one", "CONTENT_LENGTH=2", "CONTENT_TYPE=application/json", "{}", 401, "signature"},
        {"/nobody", "CONTENT_LENGTH=2", "CONTENT_TYPE=application/json", "{}", 401, "signature"},
        {"/none", "CONTENT_LENGTH=2", "CONTENT_TYPE=application/json", "{}", 401, "signature"},
        {"/hub", "CONTENT_LENGTH=2", "CONTENT_TYPE=application/json", "{}", 401, "signature"},
        {"/lab", "CONTENT_LENGTH=2", "CONTENT_TYPE=application/json", "{}", 401, "signature"},
        {"", "CONTENT_LENGTH=2", "CONTENT_TYPE=application/json", "{}", 401, "signature"},
        {"//one", "CONTENT_LENGTH=2", "CONTENT_TYPE=application/json", "{}", 401, "signature"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = arena_printf(&arena, "PATH_INFO=%s", rows[i].path);
        struct delivery delivery;
        int status;
        const char *reason = reason_of(
            (const char *const[]){"REQUEST_METHOD=POST", path, rows[i].length, rows[i].type, NULL},
            rows[i].body, &status, &delivery);
        if (status != rows[i].status || !reason || strcmp(reason, rows[i].reason) != 0)
            fail_msg("row %zu: %d %s", i, status, reason);
    }
}

static const char *post(const char *sender, const char *header, struct delivery *delivery)
{
    int status;
    const char *path = arena_printf(&arena, "PATH_INFO=/%s", sender);
    return reason_of((const char *const[]){"REQUEST_METHOD=POST", path, "CONTENT_LENGTH=13",
                                           "CONTENT_TYPE=application/json", header, NULL},
                     "Hello, World!", &status, delivery);
}

#define VECTOR "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define HASH   "dffd6021bb2bd5b0af676290809ec3a53191dd81c7f70a4b28688a362182986f"

static void takes_each_profile_by_its_header_alone(void **state)
{
    (void)state;
    struct delivery d;
    assert_null(post("hub", "HTTP_X_HUB_SIGNATURE_256=sha256=" VECTOR, &d));
    assert_string_equal(d.id, HASH); /* nothing else is signed */
    assert_string_equal(d.secret, "plain");
    assert_string_equal(d.sender->config->name, "hub");
    assert_non_null(post("hub", "HTTP_X_SIG=" VECTOR, &d));
    assert_null(post("lab", "HTTP_X_SIG=" VECTOR, &d));
    long long minute = (long long)time(NULL) / 60;
    const char *now = arena_printf(&arena, HASH ":%lld", minute);
    const char *next = arena_printf(&arena, HASH ":%lld", minute - 1); /* over a minute's end */
    assert_true(!strcmp(d.id, now) || !strcmp(d.id, next));
    assert_non_null(post("lab", "HTTP_X_HUB_SIGNATURE_256=sha256=" VECTOR, &d));
    assert_non_null(post("nobody", "HTTP_X_SIG=" VECTOR, &d));
}

/* What fills the keys up is no key of anybody: not of a sender with fewer, nor of none. */
static void takes_no_filling_for_a_key(void **state)
{
    (void)state;
    static const char body[] = "Hello, World!";
    struct delivery d;
    unsigned char sum[32];
    unsigned int len = sizeof sum;
    char *header = arena_alloc(&arena, 128), *at = header + sprintf(header, "HTTP_X_SIG=");
    assert_non_null(HMAC(EVP_sha256(), hook.senders.fill, (int)sizeof hook.senders.fill,
                         (const unsigned char *)body, strlen(body), sum, &len));
    for (size_t i = 0; i < len; i++)
        at += sprintf(at, "%02x", sum[i]);
    assert_true(senders_find(&hook.senders, "lab")->key_count < hook.senders.most_keys);
    assert_string_equal(post("lab", header, &d), "signature");
    assert_string_equal(post("none", header, &d), "signature");
    assert_string_equal(post("nobody", header, &d), "signature");
}

static void gives_every_sender_the_same_number_of_keys(void **state)
{
    (void)state;
    const struct senders *s = &hook.senders;
    assert_int_equal(s->most_keys, 4);
    static const struct {
        const char *name;
        size_t own;
    } rows[] = {{"both", 2}, {"one", 1}, {"half", 1}, {"none", 0}, {"default", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct sender *sender = senders_find(s, rows[i].name);
        assert_non_null(sender);
        assert_int_equal(sender->key_count, rows[i].own);
        for (size_t k = 0; k < s->most_keys; k++)
            assert_true((sender->keys[k].bytes == s->fill) == (k >= rows[i].own));
    }
    for (size_t k = 0; k < s->most_keys; k++)
        assert_ptr_equal(s->unknown[k].bytes, s->fill);
    assert_string_equal(senders_find(s, "both")->key_files[1], "old");
    assert_string_equal(senders_find(s, "half")->key_files[0], "new");
    assert_null(senders_find(s, "nobody"));
    assert_null(senders_find(s, ""));
}

static void reads_a_secret_anew_when_its_file_changes(void **state)
{
    (void)state;
    struct senders *s = &hook.senders;
    put("open", OLD, 0640);
    assert_false(senders_refresh(s)); /* looked at a moment ago */
    s->looked_ms = 0;
    assert_true(senders_refresh(s));
    assert_int_equal(senders_find(s, "none")->key_count, 1);
    s->looked_ms = 0;
    assert_false(senders_refresh(s));
    put("deb-status.yaml", "senders: {one: {secrets: [new], nonsense: 1}}\n", 0644);
    s->looked_ms = 0;
    senders_refresh(s); /* a configuration that is wrong keeps the old one */
    assert_non_null(strstr(s->error, "nonsense"));
    assert_int_equal(senders_find(s, "both")->key_count, 2);
    put("deb-status.yaml", "senders: {one: {secrets: [new]}}\n", 0644);
    s->looked_ms = 0;
    assert_true(senders_refresh(s));
    assert_string_equal(s->error, "");
    assert_null(senders_find(s, "both"));
    assert_int_equal(s->most_keys, 1);
}

/* What Apache refuses by itself comes as its error document: the sender is in the first address. */
static void knows_the_sender_of_what_apache_refused(void **state)
{
    (void)state;
    static const struct {
        const char *method, *status, *url, *sender;
        int refused;
    } rows[] = {
        {"REQUEST_METHOD=GET", "REDIRECT_STATUS=411", "REDIRECT_URL=/hook/one", "one", 411},
        {"REQUEST_METHOD=GET", "REDIRECT_STATUS=413", "REDIRECT_URL=/hook", "default", 413},
        {"REQUEST_METHOD=GET", "REDIRECT_STATUS=413", "REDIRECT_URL=/other/one", NULL, 413},
        {"REQUEST_METHOD=GET", "REDIRECT_STATUS=413", "OTHER=", NULL, 413},
        {"REQUEST_METHOD=GET", "REDIRECT_STATUS=404", "REDIRECT_URL=/hook/both", "one", 0},
        {"REQUEST_METHOD=POST", "REDIRECT_STATUS=411", "REDIRECT_URL=/hook/both", "one", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *env[] = {
            arena_strdup(&arena, rows[i].method),   arena_strdup(&arena, rows[i].status),
            arena_strdup(&arena, rows[i].url),      arena_strdup(&arena, "SCRIPT_NAME=/hook"),
            arena_strdup(&arena, "PATH_INFO=/one"), NULL};
        struct request req;
        request_init(&req, &arena, env, (struct request_input){NULL, NULL});
        const struct sender *sender = hook_sender(&hook, &req);
        assert_int_equal(hook_refused_before(&req), rows[i].refused);
        if (!rows[i].sender)
            assert_null(sender);
        else
            assert_string_equal(sender->config->name, rows[i].sender);
    }
}

/* As long as the reader takes it, and no longer. */
static void takes_the_longest_secret(void **state)
{
    (void)state;
    char text[CONFIG_SECRET_BYTES + 2];
    memset(text, 'k', sizeof text);
    text[CONFIG_SECRET_BYTES] = '\0';
    put("long", text, 0640);
    text[CONFIG_SECRET_BYTES] = 'k';
    text[CONFIG_SECRET_BYTES + 1] = '\0';
    put("longer", text, 0640);
    put("deb-status.yaml", "senders: {hub: {secrets: [longer, plain, long], profile: github}}\n",
        0644);
    hook.senders.looked_ms = 0;
    assert_true(senders_refresh(&hook.senders));
    const struct sender *hub = senders_find(&hook.senders, "hub");
    assert_int_equal(hub->key_count, 2);
    assert_string_equal(hub->key_files[0], "plain");
    assert_int_equal(hub->keys[1].len, CONFIG_SECRET_BYTES);
    text[CONFIG_SECRET_BYTES] = '\0';
    assert_memory_equal(hub->keys[1].bytes, text, CONFIG_SECRET_BYTES);
}

static void waits_for_its_configuration(void **state)
{
    (void)state;
    static struct hook none;
    struct request req;
    char *env[] = {NULL};
    senders_open(&none.senders, "/nonexistent/deb-status.yaml");
    assert_null(none.senders.config);
    assert_null(senders_find(&none.senders, "one"));
    hook_keep_connected(&none);
    request_init(&req, &arena, env, (struct request_input){NULL, NULL});
    refusals_add(&none.refusals, &req, NULL, "database");
    hook_note_refusals(&none, true);
    assert_int_equal(none.refusals.count, 1); /* kept for later */
    none.senders.looked_ms = 0;
    assert_false(senders_refresh(&none.senders));
    senders_close(&none.senders);
}

static void sums_refusals_and_loses_none(void **state)
{
    (void)state;
    static struct refusals r;
    char *env[] = {NULL};
    struct request req;
    int64_t sum = 0;
    request_init(&req, &arena, env, (struct request_input){NULL, NULL});
    assert_false(refusals_due(&r));
    refusals_add(&r, &req, "s", "signature");
    refusals_add(&r, &req, "s", "signature");
    refusals_add(&r, &req, NULL, "signature");
    assert_int_equal(r.count, 2);
    assert_int_equal(r.items[0].count, 2);
    assert_string_equal(r.items[1].sender, "");
    assert_true(refusals_due(&r));
    for (int i = 0; i < 2 * REFUSALS_MAX; i++)
        refusals_add(&r, &req, arena_printf(&arena, "sender-%d", i), i % 2 ? "body" : "size");
    assert_true(r.count <= REFUSALS_MAX);
    for (size_t i = 0; i < r.count; i++)
        sum += r.items[i].count;
    assert_int_equal(sum, 3 + 2 * REFUSALS_MAX);
    refusals_later(&r);
    assert_false(refusals_due(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_in_the_order_of_the_contract),
        cmocka_unit_test(takes_each_profile_by_its_header_alone),
        cmocka_unit_test(takes_no_filling_for_a_key),
        cmocka_unit_test(gives_every_sender_the_same_number_of_keys),
        cmocka_unit_test(knows_the_sender_of_what_apache_refused),
        cmocka_unit_test(reads_a_secret_anew_when_its_file_changes),
        cmocka_unit_test(takes_the_longest_secret),
        cmocka_unit_test(waits_for_its_configuration),
        cmocka_unit_test(sums_refusals_and_loses_none),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
