// SPDX-License-Identifier: Apache-2.0
#include "core/archive/gpg.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/proc.h"

#define KEY_BYTES_MAX    ((size_t)4 << 20)
#define SIGNED_BYTES_MAX ((size_t)20 << 20)
#define GPGV_DEADLINE_MS 60000

#define KEY_BEGIN "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define KEY_END   "-----END PGP PUBLIC KEY BLOCK-----"

struct line {
    const char *at;
    size_t len; /* without the ending and white space before it */
};

/* Takes the next line; false at the end. *whole (may be NULL): it ended with a newline. */
static bool next_line(const char **at, const char *end, struct line *line, bool *whole)
{
    if (*at >= end)
        return false;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    if (whole)
        *whole = stop != NULL;
    line->at = *at;
    line->len = (size_t)((stop ? stop : end) - *at);
    *at = stop ? stop + 1 : end;
    while (line->len && strchr(" \t\r", line->at[line->len - 1]) && line->at[line->len - 1])
        line->len--;
    return true;
}

static bool line_is(const struct line *line, const char *text)
{
    return line->len == strlen(text) && memcmp(line->at, text, line->len) == 0;
}

static bool line_starts(const struct line *line, const char *text)
{
    size_t n = strlen(text);
    return line->len >= n && memcmp(line->at, text, n) == 0;
}

static int decode_block(const struct buf *base64, struct buf *out, struct err *e)
{
    size_t padding = 0;
    while (padding < base64->len && base64->data[base64->len - 1 - padding] == '=')
        padding++;
    if (base64->len == 0 || base64->len % 4 != 0 || padding > 2)
        return err_set(e, ERR_INPUT, "the armoured key is damaged");
    unsigned char *to = (unsigned char *)buf_reserve(out, base64->len);
    int n = EVP_DecodeBlock(to, (const unsigned char *)base64->data, (int)base64->len);
    if (n < 0)
        return err_set(e, ERR_INPUT, "the armoured key is damaged");
    out->len += (size_t)n - padding; /* OpenSSL counts it */
    return 0;
}

int gpg_dearmor(const char *data, size_t len, struct buf *out, struct err *e)
{
    const char *at = data, *end = data + len;
    struct buf base64 = BUF_INIT;
    struct line line;
    enum { OUTSIDE, HEADERS, BODY } where = OUTSIDE;
    int blocks = 0, rc = -1;

    if (len > 0 && ((unsigned char)data[0] & 0x80)) { /* a packet's first byte: binary already */
        buf_add(out, data, len);
        return 0;
    }
    while (next_line(&at, end, &line, NULL)) {
        if (where == OUTSIDE && line_is(&line, KEY_BEGIN)) {
            where = HEADERS;
            buf_reset(&base64);
        } else if (where == HEADERS && line.len == 0) {
            where = BODY;
        } else if (where == BODY && line_is(&line, KEY_END)) {
            where = OUTSIDE;
            blocks++;
            if (decode_block(&base64, out, e))
                goto out;
        } else if (where == BODY && line.len > 0 && line.at[0] != '=') {
            buf_add(&base64, line.at, line.len);
        }
    }
    rc = blocks > 0 && where == OUTSIDE
             ? 0
             : err_set(e, ERR_INPUT, "it is no OpenPGP public key, neither binary nor armoured");
out:
    buf_free(&base64);
    return rc;
}

int gpg_write_keyring(const char *from, const char *to, struct err *e)
{
    struct buf in = BUF_INIT, out = BUF_INIT;
    int rc = -1;
    if (file_read(from, KEY_BYTES_MAX, &in, e) == 0 &&
        gpg_dearmor(buf_str(&in), in.len, &out, e) == 0)
        rc = file_write(to, out.data, out.len, 0644, e);
    if (rc)
        err_context(e, "key %s", from);
    buf_free(&in);
    buf_free(&out);
    return rc;
}

static int refuse_around(struct err *e)
{
    return err_set(e, ERR_INPUT, "there is text around the signed part");
}

int gpg_check_clearsigned(const char *data, size_t len, struct err *e)
{
    const char *at = data, *end = data + len;
    struct line line;
    bool whole = false;
    enum { BEGIN, HEADERS, TEXT, SIGNATURE, END } where = BEGIN;

    if (memchr(data, '\0', len))
        return err_set(e, ERR_INPUT, "there is a NUL in it");
    while (next_line(&at, end, &line, &whole)) {
        bool dashes = line_starts(&line, "-----");
        switch (where) {
        case BEGIN:
            if (!line_is(&line, "-----BEGIN PGP SIGNED MESSAGE-----"))
                return refuse_around(e);
            where = HEADERS;
            break;
        case HEADERS:
            if (line.len == 0)
                where = TEXT;
            else if (!line_starts(&line, "Hash: "))
                return err_set(e, ERR_INPUT, "it has an armour header that is not Hash");
            break;
        case TEXT:
            if (line_is(&line, "-----BEGIN PGP SIGNATURE-----"))
                where = SIGNATURE;
            else if (dashes)
                return refuse_around(e);
            break;
        case SIGNATURE:
            if (line_is(&line, "-----END PGP SIGNATURE-----"))
                where = END;
            else if (dashes)
                return refuse_around(e);
            break;
        case END:
            if (line.len > 0)
                return refuse_around(e);
        }
    }
    return where == END ? 0
                        : err_set(e, ERR_NOT_READY,
                                  "it ends before its signature does: it is "
                                  "being written, or was cut off");
}

struct status {
    bool good, valid, weak;
    const char *bad;
};

static void read_status_line(struct status *s, const struct line *line)
{
    static const struct {
        const char *keyword, *reason;
    } refused[] = {
        {"BADSIG ", "the signature does not fit the text"},
        {"EXPKEYSIG ", "the key that signed it has expired"},
        {"EXPSIG ", "the signature has expired"},
        {"REVKEYSIG ", "the key that signed it was revoked"},
    };
    static const char prefix[] = "[GNUPG:] ";
    if (!line_starts(line, prefix))
        return;
    struct line rest = {line->at + sizeof prefix - 1, line->len - (sizeof prefix - 1)};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (line_starts(&rest, refused[i].keyword))
            s->bad = refused[i].reason;
    if (line_starts(&rest, "GOODSIG "))
        s->good = true;
    if (line_starts(&rest, "VALIDSIG ")) {
        char words[512];
        int hash = 0;
        /* fingerprint, date, time, expiry, version, reserved, algorithm, hash, class ... */
        snprintf(words, sizeof words, "%.*s", (int)rest.len, rest.at);
        if (sscanf(words, "VALIDSIG %*s %*s %*s %*s %*s %*s %*s %d", &hash) == 1 && hash >= 8 &&
            hash <= 10) /* SHA256, SHA384, SHA512 (RFC 4880, 9.4) */
            s->valid = true;
        else
            s->weak = true;
    }
}

int gpg_judge_status(const char *status, struct err *e)
{
    struct status s = {0};
    struct line line;
    const char *at = status, *end = status + strlen(status);
    while (next_line(&at, end, &line, NULL))
        read_status_line(&s, &line);
    if (s.bad)
        return err_set(e, ERR_INPUT, "%s", s.bad);
    if (s.good && s.valid && !s.weak)
        return 0;
    if (s.weak)
        return err_set(e, ERR_INPUT, "its signature uses a hash weaker than SHA256");
    return err_set(e, ERR_INPUT, "no key that this mirror trusts signed it");
}

static int run_gpgv(const struct gpg_verifier *v, const char *const *argv, struct err *e)
{
    struct proc_spec spec = {.argv = argv,
                             .dir = v->folder,
                             .deadline_ms = GPGV_DEADLINE_MS,
                             .sandbox = v->sandbox,
                             .keep_fds = v->keep_fds};
    struct proc_result r = {0};
    int rc = proc_run(&spec, &r, e);
    if (rc == 0) {
        rc = proc_found_disk_full(&spec, &r, e) ? -1 : gpg_judge_status(buf_str(&r.out), e);
        if (rc == 0 && r.exit_code != 0 && !strstr(buf_str(&r.out), "[GNUPG:] NO_PUBKEY "))
            rc = err_set(e, ERR_INPUT, "gpgv refused it (exit code %d)", r.exit_code);
        if (rc)
            err_detail(e, buf_str(&r.err), (long)r.err.len);
    }
    proc_result_free(&r);
    return rc;
}

int gpg_verify_inline(const struct gpg_verifier *v, const char *file, struct buf *text,
                      struct err *e)
{
    struct buf in = BUF_INIT;
    char *out = file_join(v->folder, "signed-text");
    const char *const argv[] = {"gpgv", "--homedir", v->folder,  "--status-fd",
                                "1",    "--keyring", v->keyring, "--output",
                                out,    "--",        file,       NULL};
    int rc = -1;
    unlink(out);
    if (file_read(file, SIGNED_BYTES_MAX, &in, e) == 0 &&
        gpg_check_clearsigned(buf_str(&in), in.len, e) == 0 && run_gpgv(v, argv, e) == 0)
        rc = file_read(out, SIGNED_BYTES_MAX, text, e);
    unlink(out);
    free(out);
    buf_free(&in);
    return rc;
}

int gpg_verify_detached(const struct gpg_verifier *v, const char *signature, const char *file,
                        struct err *e)
{
    const char *const argv[] = {"gpgv",     "--homedir", v->folder, "--status-fd", "1", "--keyring",
                                v->keyring, "--",        signature, file,          NULL};
    return run_gpgv(v, argv, e);
}

bool gpg_same_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
    const char *a_end = a + a_len, *b_end = b + b_len;
    struct line x = {0}, y = {0};
    for (;;) {
        bool more_a = next_line(&a, a_end, &x, NULL), more_b = next_line(&b, b_end, &y, NULL);
        if (!more_a || !more_b)
            return more_a == more_b;
        if (x.len != y.len || memcmp(x.at, y.at, x.len) != 0)
            return false;
    }
}
