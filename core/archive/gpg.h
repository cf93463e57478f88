// SPDX-License-Identifier: Apache-2.0
/*
 * Signatures, by gpgv and its status output: its exit code alone says too little (it is 0 for an
 * expired key and for text around the signed part). Only what gpgv itself wrote as signed text is
 * handed on.
 */
#ifndef CORE_ARCHIVE_GPG_H
#define CORE_ARCHIVE_GPG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/sandbox.h"

struct gpg_verifier {
    const char *keyring;           /* binary (gpg_write_keyring); its keys alone count */
    const char *folder;            /* gpgv's working folder, where it may write */
    const struct sandbox *sandbox; /* or NULL */
    const int *keep_fds;           /* as in struct proc_spec */
};

/* A public key as an admin stores it, binary or armoured (one or more blocks), to the binary form
 * that gpgv reads. ERR_INPUT: neither. */
int gpg_dearmor(const char *data, size_t len, struct buf *out, struct err *e);
int gpg_write_keyring(const char *from, const char *to, struct err *e);

/* Refuses a clear-signed message with anything before, after or within it that is not one signed
 * text. ERR_NOT_READY: it ends too early (is being written); ERR_INPUT: anything else. */
int gpg_check_clearsigned(const char *data, size_t len, struct err *e);

/* Verifies a clear-signed file; text gets what was signed. ERR_INPUT with the reason: no key of
 * ours, bad, expired, revoked, a weak hash. */
int gpg_verify_inline(const struct gpg_verifier *v, const char *file, struct buf *text,
                      struct err *e);
/* Verifies a detached signature over a file. */
int gpg_verify_detached(const struct gpg_verifier *v, const char *signature, const char *file,
                        struct err *e);

/* Judges gpgv's status lines: exported for its tests. */
int gpg_judge_status(const char *status, struct err *e);

/* Whether two signed texts are the same but for white space at the ends of lines and at the end,
 * which a clear signature does not cover. */
bool gpg_same_text(const char *a, size_t a_len, const char *b, size_t b_len);

#endif
