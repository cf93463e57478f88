// SPDX-License-Identifier: Apache-2.0
#include "cgi/hook/signature.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hex.h"

#define MAC_BYTES    32
#define BASE64_CHARS 44 /* of 32 bytes, with padding */

/* HMAC-SHA256 over up to three pieces, as if they were one. */
static void mac(const struct signature_key *key, const char *head, size_t head_len,
                const void *body, size_t body_len, unsigned char out[MAC_BYTES])
{
    unsigned char *text = malloc(head_len + body_len + 1);
    unsigned int len = MAC_BYTES;
    if (!text)
        abort();
    memcpy(text, head, head_len);
    if (body_len)
        memcpy(text + head_len, body, body_len);
    if (!HMAC(EVP_sha256(), key->bytes, (int)key->len, text, head_len + body_len, out, &len))
        abort();
    free(text);
}

static bool id_is_valid(const char *id)
{
    size_t len = 0;
    if (!id)
        return false;
    for (; id[len]; len++)
        if (id[len] <= ' ' || id[len] > '~' || id[len] == '.' || id[len] == ',')
            return false;
    return len > 0 && len <= SIGNATURE_ID_MAX;
}

/* Canonical decimal: no sign, no leading zero, nothing behind it; so that one time has one text. */
static bool timestamp_is_current(const char *text, time_t now)
{
    int64_t t = 0;
    size_t len = 0;
    if (!text || text[0] == '0')
        return false;
    for (; text[len]; len++) {
        if (text[len] < '0' || text[len] > '9' || len > 11)
            return false;
        t = t * 10 + (text[len] - '0');
    }
    return len > 0 && t >= now - SIGNATURE_TOLERANCE_S && t <= now + SIGNATURE_TOLERANCE_S;
}

struct list {
    const char *items[SIGNATURE_MAX]; /* BASE64_CHARS each */
    size_t count;
};

/* One entry `vN[letter],value`. v1 is taken into the list. */
static bool list_add(struct list *list, const char *entry, size_t len)
{
    const char *comma = memchr(entry, ',', len);
    size_t value_len = comma ? len - (size_t)(comma + 1 - entry) : 0;
    if (!comma || entry[0] != 'v' || comma == entry + 1 || value_len == 0 ||
        memchr(comma + 1, ',', value_len))
        return false;
    if (comma - entry != 2 || entry[1] != '1')
        return true;
    if (value_len != BASE64_CHARS || list->count == SIGNATURE_MAX)
        return false;
    list->items[list->count++] = comma + 1;
    return true;
}

static bool list_parse(struct list *list, const char *text)
{
    list->count = 0;
    if (!text || !*text)
        return false;
    for (size_t entries = 0;; entries++) {
        size_t len = strcspn(text, " ");
        if (entries == SIGNATURE_MAX || !list_add(list, text, len))
            return false;
        if (!text[len])
            return list->count > 0;
        text += len + 1;
    }
}

int signature_check_standard(const struct signature_input *in, const struct signature_key *keys,
                             size_t count)
{
    char head[SIGNATURE_ID_MAX + 16] = "";
    size_t head_len = 0;
    struct list list;
    bool id_ok = id_is_valid(in->id);
    bool time_ok = timestamp_is_current(in->timestamp, in->now);
    bool list_ok = list_parse(&list, in->signature);
    int found = -1;
    if (id_ok && time_ok) {
        size_t id_len = strlen(in->id), time_len = strlen(in->timestamp);
        memcpy(head, in->id, id_len);
        head[id_len] = '.';
        memcpy(head + id_len + 1, in->timestamp, time_len);
        head[id_len + 1 + time_len] = '.';
        head_len = id_len + time_len + 2;
    }
    for (size_t k = 0; k < count; k++) {
        unsigned char sum[MAC_BYTES], text[BASE64_CHARS + 1];
        mac(&keys[k], head, head_len, in->body, in->body_len, sum);
        EVP_EncodeBlock(text, sum, MAC_BYTES);
        for (size_t i = 0; i < list.count; i++)
            if (CRYPTO_memcmp(list.items[i], text, BASE64_CHARS) == 0)
                found = (int)k;
    }
    return id_ok && time_ok && list_ok ? found : -1;
}

/* Both sides as hex digits of one case; a malformed header compares against nothing. */
static int check_hex(const struct signature_input *in, const char *prefix, bool any_case,
                     const struct signature_key *keys, size_t count)
{
    char theirs[2 * MAC_BYTES] = "";
    size_t skip = strlen(prefix);
    bool ok = in->signature && !strncmp(in->signature, prefix, skip) &&
              strlen(in->signature + skip) == sizeof(theirs);
    int found = -1;
    for (size_t i = 0; ok && i < sizeof(theirs); i++) {
        char c = in->signature[skip + i];
        theirs[i] = any_case ? (char)tolower((unsigned char)c) : c;
    }
    for (size_t k = 0; k < count; k++) {
        unsigned char sum[MAC_BYTES];
        char text[2 * MAC_BYTES];
        mac(&keys[k], "", 0, in->body, in->body_len, sum);
        hex_write(sum, MAC_BYTES, text);
        if (CRYPTO_memcmp(theirs, text, sizeof(text)) == 0)
            found = (int)k;
    }
    return ok ? found : -1;
}

int signature_check_github(const struct signature_input *in, const struct signature_key *keys,
                           size_t count)
{
    return check_hex(in, "sha256=", false, keys, count);
}

int signature_check_hmac(const struct signature_input *in, const struct signature_key *keys,
                         size_t count)
{
    return check_hex(in, "", true, keys, count);
}

void signature_hash(const void *data, size_t len, char out[SIGNATURE_HEX_SIZE])
{
    unsigned char sum[MAC_BYTES];
    if (!EVP_Digest(data ? data : "", len, sum, NULL, EVP_sha256(), NULL))
        abort();
    *hex_write(sum, MAC_BYTES, out) = '\0';
}
