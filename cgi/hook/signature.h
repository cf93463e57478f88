// SPDX-License-Identifier: Apache-2.0
/*
 * Signatures of webhooks over the raw bytes of the body: Standard Webhooks
 * (https://www.standardwebhooks.com, symmetric `v1`), GitHub (X-Hub-Signature-256) and a plain
 * hexadecimal HMAC-SHA256. Pure functions: no clock, no files. Each does the same work whether its
 * input is well-formed or not, and compares in constant time, so that a refusal tells nothing.
 */
#ifndef CGI_HOOK_SIGNATURE_H
#define CGI_HOOK_SIGNATURE_H

#include <stddef.h>
#include <time.h>

#define SIGNATURE_TOLERANCE_S 300
#define SIGNATURE_MAX         16 /* signatures in one header; more are refused */
#define SIGNATURE_ID_MAX      256
#define SIGNATURE_HEX_SIZE    65 /* 32 bytes in hex, and NUL */

struct signature_key {
    const unsigned char *bytes;
    size_t len;
};

struct signature_input {
    const char *id, *timestamp; /* Standard Webhooks' headers; NULL if missing */
    const char *signature;      /* the header that carries it; NULL if missing */
    const void *body;
    size_t body_len;
    time_t now;
};

/* Each returns the index of the key that signed it, -1 if none did.
 *
 * Standard: all three headers; id of printable ASCII without '.' and ',' (a comma would come from
 * a repeated header); timestamp in canonical decimal, within SIGNATURE_TOLERANCE_S of now;
 * signature a list of `v1,<base64>` separated by one space each (other versions are passed over, a
 * malformed entry refuses the whole). */
int signature_check_standard(const struct signature_input *in, const struct signature_key *keys,
                             size_t count);

/* `sha256=` and 64 lower-case hex digits over the body alone. */
int signature_check_github(const struct signature_input *in, const struct signature_key *keys,
                           size_t count);

/* 64 hex digits, in either case, over the body alone. */
int signature_check_hmac(const struct signature_input *in, const struct signature_key *keys,
                         size_t count);

/* SHA-256 in lower-case hex. */
void signature_hash(const void *data, size_t len, char out[SIGNATURE_HEX_SIZE]);

#endif
