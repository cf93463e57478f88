// SPDX-License-Identifier: Apache-2.0
/* The process that has the archive's key: what it signs, and what it does not, whoever asks. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/archive/signer.h"
#include "core/base/file.h"
#include "core/base/proc.h"

static char folder[] = "/tmp/ds-sign.XXXXXX";
static char key[64], empty[64], work[64];
static const char *suites[] = {"s", "t"}, *theirs[] = {"theirs"};
static struct config_mirror mirrors[] = {{.name = "m", .suites = {suites, 2}},
                                         {.name = "n", .suites = {theirs, 1}}};
static struct config config = {.publish_sign_with = key, .mirrors = mirrors, .mirror_count = 2};
static struct place place = {.root = folder, .work = work};

static int run_gpg(const char *const *argv, struct buf *out)
{
    struct proc_spec spec = {.argv = argv, .deadline_ms = 60000};
    struct proc_result r;
    struct err e;
    int rc = proc_run_ok(&spec, &r, &e);
    if (rc == 0 && out)
        buf_add(out, buf_str(&r.out), r.out.len);
    proc_result_free(&r);
    return rc;
}

static int start(void **state)
{
    struct buf secret = BUF_INIT;
    struct err e;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(key, sizeof key, "%s/key", folder);
    snprintf(empty, sizeof empty, "%s/empty", folder);
    snprintf(work, sizeof work, "%s/w", folder);
    const char *const make[] = {"gpg",
                                "--homedir",
                                folder,
                                "--batch",
                                "--quiet",
                                "--passphrase",
                                "",
                                "--pinentry-mode",
                                "loopback",
                                "--quick-generate-key",
                                "A <a@example.org>",
                                "ed25519",
                                "sign",
                                "0",
                                NULL};
    const char *const give[] = {
        "gpg", "--homedir", folder, "--batch", "--armor", "--export-secret-keys", NULL};
    const char *const stop_agent[] = {"gpgconf", "--homedir", folder, "--kill", "all", NULL};
    int rc = run_gpg(make, NULL) || run_gpg(give, &secret) ||
             file_write(key, secret.data, secret.len, 0600, &e) ||
             file_write(empty, "", 0, 0600, &e);
    run_gpg(stop_agent, NULL);
    buf_free(&secret);
    return rc ? -1 : 0;
}

static int stop(void **state)
{
    struct err e;
    (void)state;
    return file_remove_tree(folder, &e);
}

#define RELEASE(fields)                                                                            \
    fields "Date: Sat, 01 Aug 2026 10:00:00 UTC\nSHA256:\n "                                       \
           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 5 a/Sources\n"

static int sign(struct signer *s, const char *text, struct err *e)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    *e = (struct err){0};
    int rc = signer_sign(s, text, strlen(text), &a, &b, e);
    if (rc == 0) {
        assert_memory_equal(buf_str(&a), "-----BEGIN PGP SIGNED MESSAGE-----\n", 35);
        assert_memory_equal(buf_str(&b), "-----BEGIN PGP SIGNATURE-----\n", 30);
    } else {
        assert_null(strstr(buf_str(&a), "-----BEGIN"));
        assert_null(strstr(buf_str(&b), "-----BEGIN"));
    }
    buf_free(&a);
    buf_free(&b);
    return rc;
}

static struct signer *open_signer(void)
{
    struct err e = {0};
    struct signer *s = signer_start(&config, mirrors, &place, &e);
    if (!s)
        fail_msg("%s", e.text);
    return s;
}

static void signs_releases_of_its_mirror_alone(void **state)
{
    static const struct {
        const char *text, *words; /* NULL: signed */
    } rows[] = {
        {RELEASE("Codename: s\n"), NULL},
        {RELEASE("Suite: t\nCodename: s\n"), NULL},
        {RELEASE("Suite: stable\nCodename: s\n"), NULL}, /* a name that is nobody's */
        {RELEASE("Suite: theirs\nCodename: s\n"), "no Release of this mirror"},
        {RELEASE("Suite: s\nCodename: theirs\n"), "no Release of this mirror"},
        {RELEASE("Suite: stable\nCodename: x\n"), "no Release of this mirror"},
        {RELEASE("Codename: u\n"), "no Release of this mirror"},
        {RELEASE("Codename: st\n"), "no Release of this mirror"},
        {RELEASE("Suite: \nCodename: s\n"), NULL},
        {RELEASE(""), "no Release of this mirror"},
        {"Codename: s\n", "a text to be signed: "},
        {"any text\n", "a text to be signed: "},
        {"", "a text to be signed: "},
        {RELEASE("Codename: s\n") "\nCodename: u\n", "a text to be signed: "},
    };
    struct signer *s = open_signer();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct err e;
        int rc = sign(s, rows[i].text, &e);
        if ((rc == 0) != !rows[i].words || (rc && !strstr(e.text, rows[i].words)))
            fail_msg("row %zu: %d %s", i, rc, e.text);
    }
    assert_true(signer_pid(s) > 0);
    signer_stop(s);
    struct stat st;
    assert_int_equal(stat(work, &st), 0);
    /* the suite that `release:` gives is one of its names */
    mirrors[0].release.suite = "stable";
    s = open_signer();
    struct err e;
    assert_int_equal(sign(s, RELEASE("Suite: stable\nCodename: x\n"), &e), 0);
    assert_int_equal(sign(s, RELEASE("Suite: testing\nCodename: x\n"), &e), -1);
    assert_int_equal(e.code, ERR_DENIED);
    signer_stop(s);
    mirrors[0].release.suite = NULL;
}

static void says_which_key_it_has(void **state)
{
    struct signer *s = open_signer();
    struct buf binary = BUF_INIT, armoured = BUF_INIT;
    char id[SHA256_HEX], again[SHA256_HEX];
    struct err e = {0};
    (void)state;
    assert_int_equal(signer_key_id(s, id, &e), 0);
    assert_int_equal(strlen(id), 64);
    assert_int_equal(signer_public_key(s, &binary, &armoured, &e), 0);
    assert_true(binary.len > 100);
    assert_non_null(strstr(buf_str(&armoured), "BEGIN PGP PUBLIC KEY BLOCK"));
    assert_null(strstr(buf_str(&armoured), "PRIVATE"));
    signer_stop(s);
    s = open_signer();
    assert_int_equal(signer_key_id(s, again, &e), 0);
    assert_string_equal(id, again);
    signer_stop(s);
    buf_free(&binary);
    buf_free(&armoured);
}

static void says_why_it_cannot(void **state)
{
    char id[SHA256_HEX];
    struct err e = {0};
    (void)state;
    config.publish_sign_with = "/nonexistent/key";
    struct signer *s = open_signer();
    assert_int_equal(signer_key_id(s, id, &e), -1);
    assert_non_null(strstr(e.text, "publish.sign-with"));
    assert_int_equal(sign(s, RELEASE("Codename: s\n"), &e), -1);
    assert_non_null(strstr(e.text, "publish.sign-with"));
    signer_stop(s);
    config.publish_sign_with = empty;
    s = open_signer();
    assert_int_equal(sign(s, RELEASE("Codename: s\n"), &e), -1);
    assert_non_null(strstr(e.text, "publish.sign-with"));
    signer_stop(s);
    config.publish_sign_with = key;
    struct place deep = {.root = folder,
                         .work = "/tmp/"
                                 "a-path-that-is-too-long-for-the-sockets-of-an-agent-whose-home-"
                                 "lies-below-it-somewhere"};
    assert_null(signer_start(&config, mirrors, &deep, &e));
    assert_non_null(strstr(e.text, "too long for gpg's sockets"));
    struct place none = {.root = folder, .work = "/proc/nonexistent"};
    assert_null(signer_start(&config, mirrors, &none, &e));
    signer_stop(NULL);
    assert_int_equal(signer_pid(NULL), 0);
}

static void its_end_is_noticed(void **state)
{
    struct signer *s = open_signer();
    struct err e;
    char id[SHA256_HEX];
    (void)state;
    assert_int_equal(kill(signer_pid(s), SIGKILL), 0);
    assert_int_equal(signer_key_id(s, id, &e), -1);
    assert_string_equal(e.text, "the signing step ended unexpectedly");
    signer_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_releases_of_its_mirror_alone),
        cmocka_unit_test(says_which_key_it_has),
        cmocka_unit_test(says_why_it_cannot),
        cmocka_unit_test(its_end_is_noticed),
    };
    return cmocka_run_group_tests_name("signer", tests, start, stop);
}
