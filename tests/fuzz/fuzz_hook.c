// SPDX-License-Identifier: Apache-2.0
/* A request as CGI hands it over, through all that hook.fcgi does with it before it asks the
 * database: lines NAME=VALUE, an empty line, the body. SIGN as the value of
 * HTTP_WEBHOOK_SIGNATURE becomes a right signature, NOW as that of HTTP_WEBHOOK_TIMESTAMP the time,
 * so that what comes after them is reached. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cgi/hook/hook.h"

#define KEY "0123456789abcdef0123456789abcdef"
#define MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct body {
    const uint8_t *data;
    size_t len;
};

static long take(void *data, char *out, size_t len)
{
    struct body *b = data;
    size_t n = b->len < len ? b->len : len;
    memcpy(out, b->data, n);
    b->data += n;
    b->len -= n;
    return (long)n;
}

static struct hook *hook_make(void)
{
    static struct hook hook;
    static struct config config;
    static struct config_sender senders[] = {
        {.name = "standard", .profile = PROFILE_STANDARD, .body_limit = 65536},
        {.name = "github", .profile = PROFILE_GITHUB, .body_limit = 1 << 20},
        {.name = "hmac", .profile = PROFILE_HMAC, .header = "X-Signature", .body_limit = 100},
        {.name = "default", .profile = PROFILE_STANDARD},
    };
    static struct sender items[4];
    static struct signature_key keys[2] = {{(const unsigned char *)KEY, 32},
                                           {(const unsigned char *)KEY, 16}};
    static const char *files[] = {"new", "old"};
    for (size_t i = 0; i < 4; i++)
        items[i] = (struct sender){&senders[i], keys, files, 1 + i % 2};
    config.senders = senders;
    config.sender_count = 4;
    hook.senders.config = &config;
    hook.senders.items = items;
    hook.senders.unknown = keys;
    hook.senders.most_keys = 2;
    return &hook;
}

static const char *value_of(char *const *env, const char *name)
{
    size_t len = strlen(name);
    for (; *env; env++)
        if (!strncmp(*env, name, len) && (*env)[len] == '=')
            return *env + len + 1;
    return "";
}

static char *signature_line(struct arena *a, char *const *env, const uint8_t *body, size_t len)
{
    unsigned char mac[32];
    char text[45];
    unsigned int mac_len = sizeof mac;
    char *head = arena_printf(a, "%s.%s.", value_of(env, "HTTP_WEBHOOK_ID"),
                              value_of(env, "HTTP_WEBHOOK_TIMESTAMP"));
    size_t head_len = strlen(head);
    unsigned char *whole = arena_alloc(a, head_len + len + 1);
    memcpy(whole, head, head_len);
    memcpy(whole + head_len, body, len);
    HMAC(EVP_sha256(), KEY, 32, whole, head_len + len, mac, &mac_len);
    EVP_EncodeBlock((unsigned char *)text, mac, sizeof mac);
    return arena_printf(a, "HTTP_WEBHOOK_SIGNATURE=v1,%s", text);
}

static void check(struct hook *hook, struct request *req)
{
    struct delivery delivery = {NULL, NULL, NULL};
    int status = 0;
    const char *reason = hook_check(hook, req, &delivery, &status);
    if (reason ? status < 400 || status > 499
               : !delivery.sender || !delivery.id || !delivery.secret)
        __builtin_trap();
    if (!reason && (!*delivery.id || strlen(delivery.id) > SIGNATURE_ID_MAX))
        __builtin_trap();
    request_parse_query(req);
    request_has_etag(req, "\"x\"");
    request_id(req);
    hook_refused_before(req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hook *hook = hook_make();
    struct arena a = ARENA_INIT;
    char *env[MAX + 1] = {NULL}, **sign = NULL;
    size_t count = 0;
    while (size && *data != '\n' && count < MAX) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size;
        char *text = arena_strndup(&a, (const char *)data, len);
        if (!strcmp(text, "HTTP_WEBHOOK_TIMESTAMP=NOW"))
            text = arena_printf(&a, "HTTP_WEBHOOK_TIMESTAMP=%lld", (long long)time(NULL));
        else if (!strcmp(text, "HTTP_WEBHOOK_SIGNATURE=SIGN"))
            sign = &env[count];
        env[count++] = text;
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
    data += size > 0;
    size -= size > 0;
    if (sign)
        *sign = signature_line(&a, env, data, size);
    struct body body = {data, size};
    struct request req;
    request_init(&req, &a, env, (struct request_input){take, &body});
    check(hook, &req);
    arena_free(&a);
    return 0;
}
