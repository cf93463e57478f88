// SPDX-License-Identifier: Apache-2.0
#include "core/archive/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/hex.h"

static const char *const sections[] = {"MD5Sum", "SHA1", "SHA256", "SHA512"};

struct hash_state {
    EVP_MD_CTX *contexts[HASH_KINDS];
    int64_t size;
};

const char *hash_section(enum hash_kind kind)
{
    return sections[kind];
}

size_t hash_hex_length(enum hash_kind kind)
{
    static const size_t lengths[] = {32, 40, 64, 128};
    return lengths[kind];
}

static const EVP_MD *algorithm(enum hash_kind kind)
{
    switch (kind) {
    case HASH_MD5:
        return EVP_md5();
    case HASH_SHA1:
        return EVP_sha1();
    case HASH_SHA512:
        return EVP_sha512();
    case HASH_SHA256:
    case HASH_KINDS:
        break;
    }
    return EVP_sha256();
}

/* A library that cannot hash is a broken installation, or memory has run out. */
static void must(bool good)
{
    if (!good)
        abort();
}

struct hash_state *hash_begin(unsigned kinds)
{
    struct hash_state *h = calloc(1, sizeof *h);
    must(h != NULL);
    for (int k = 0; k < HASH_KINDS; k++)
        if (kinds & (1U << k)) {
            h->contexts[k] = EVP_MD_CTX_new();
            must(h->contexts[k] && EVP_DigestInit_ex(h->contexts[k], algorithm(k), NULL) == 1);
        }
    return h;
}

void hash_add(struct hash_state *h, const void *data, size_t len)
{
    for (int k = 0; k < HASH_KINDS; k++)
        if (h->contexts[k])
            must(EVP_DigestUpdate(h->contexts[k], data, len) == 1);
    h->size += (int64_t)len;
}

void hash_end(struct hash_state *h, struct hash_sums *out)
{
    memset(out, 0, sizeof *out);
    for (int k = 0; k < HASH_KINDS; k++) {
        unsigned char sum[EVP_MAX_MD_SIZE];
        unsigned int n = 0;
        if (!h->contexts[k])
            continue;
        must(EVP_DigestFinal_ex(h->contexts[k], sum, &n) == 1);
        *hex_write(sum, n, out->hex[k]) = '\0';
        EVP_MD_CTX_free(h->contexts[k]);
    }
    out->size = h->size;
    free(h);
}

int hash_fd(int fd, unsigned kinds, struct hash_sums *out, struct err *e)
{
    struct hash_state *h = hash_begin(kinds);
    char piece[65536];
    ssize_t n;
    do {
        n = read(fd, piece, sizeof piece);
        if (n > 0)
            hash_add(h, piece, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    int number = errno;
    hash_end(h, out);
    errno = number;
    return n < 0 ? err_errno(e, "reading a file") : 0;
}

void hash_text_raw(const void *data, size_t len, unsigned char out[SHA256_SIZE])
{
    unsigned int n = 0;
    must(EVP_Digest(data, len, out, &n, EVP_sha256(), NULL) == 1 && n == SHA256_SIZE);
}

void hash_text(const void *data, size_t len, char hex[SHA256_HEX])
{
    unsigned char sum[SHA256_SIZE];
    hash_text_raw(data, len, sum);
    *hex_write(sum, sizeof sum, hex) = '\0';
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int hash_parse_sha256(const char *hex, size_t len, unsigned char out[SHA256_SIZE])
{
    if (len != 2 * (size_t)SHA256_SIZE)
        return -1;
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        int high = digit(hex[2 * i]), low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        out[i] = (unsigned char)(high * 16 + low);
    }
    return 0;
}

void hash_format_sha256(const unsigned char sum[SHA256_SIZE], char hex[SHA256_HEX])
{
    *hex_write(sum, SHA256_SIZE, hex) = '\0';
}
