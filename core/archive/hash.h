// SPDX-License-Identifier: Apache-2.0
/* Hashes of files and texts (OpenSSL): the four kinds that a Release file may list. */
#ifndef CORE_ARCHIVE_HASH_H
#define CORE_ARCHIVE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum hash_kind { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512, HASH_KINDS };

#define HASH_HEX_SIZE 129 /* of the longest, and NUL */
#define SHA256_SIZE   32
#define SHA256_HEX    65 /* with NUL */

struct hash_sums {
    char hex[HASH_KINDS][HASH_HEX_SIZE]; /* lower case; "" if not asked for */
    int64_t size;
};

/* The name of its section in a Release file: MD5Sum, SHA1, SHA256, SHA512. */
const char *hash_section(enum hash_kind kind);
/* Characters of its hexadecimal form. */
size_t hash_hex_length(enum hash_kind kind);

/* Several kinds at once; `kinds` has a bit (1 << kind) for each. Feed it piece by piece. */
struct hash_state;
struct hash_state *hash_begin(unsigned kinds);
void hash_add(struct hash_state *h, const void *data, size_t len);
void hash_end(struct hash_state *h, struct hash_sums *out); /* frees h */

/* From where the descriptor stands to the end. ERR_SYSTEM. */
int hash_fd(int fd, unsigned kinds, struct hash_sums *out, struct err *e);

/* SHA-256 of a text. */
void hash_text(const void *data, size_t len, char hex[SHA256_HEX]);
void hash_text_raw(const void *data, size_t len, unsigned char out[SHA256_SIZE]);

/* Exactly 64 hexadecimal digits to bytes: 0, else -1. */
int hash_parse_sha256(const char *hex, size_t len, unsigned char out[SHA256_SIZE]);
void hash_format_sha256(const unsigned char sum[SHA256_SIZE], char hex[SHA256_HEX]);

#endif
