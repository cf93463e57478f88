// SPDX-License-Identifier: Apache-2.0
/* Input: four lines (signature's header, id, timestamp, secret), then the body. A secret that can
 * be decoded is the key. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgi/hook/signature.h"
#include "core/base/arena.h"
#include "core/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *line(struct arena *a, const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
    size_t len = end ? (size_t)(end - *data) : *size;
    char *text = arena_strndup(a, (const char *)*data, len);
    *data += len + (end != NULL);
    *size -= len + (end != NULL);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    const char *signature = line(&a, &data, &size), *id = line(&a, &data, &size);
    const char *timestamp = line(&a, &data, &size), *secret = line(&a, &data, &size);
    /* exactly what the header promises is enough */
    unsigned char *key = malloc(3 * strlen(secret) / 4 + 3);
    long len = config_decode_secret(secret, key);
    struct signature_key keys[2] = {{(const unsigned char *)"0123456789abcdef", 16},
                                    {key, len > 0 ? (size_t)len : 0}};
    struct signature_input in = {.id = id,
                                 .timestamp = timestamp,
                                 .signature = signature,
                                 .body = data,
                                 .body_len = size,
                                 .now = 1614265330};
    char hex[SIGNATURE_HEX_SIZE];
    if (len != -1 && (len < 16 || (size_t)len > 3 * strlen(secret) / 4 + 3))
        __builtin_trap();
    size_t count = len > 0 ? 2 : 1;
    if (signature_check_standard(&in, keys, count) >= (int)count ||
        signature_check_github(&in, keys, count) >= (int)count ||
        signature_check_hmac(&in, keys, count) >= (int)count)
        __builtin_trap();
    signature_hash(data, size, hex);
    if (strlen(hex) != 64)
        __builtin_trap();
    free(key);
    arena_free(&a);
    return 0;
}
