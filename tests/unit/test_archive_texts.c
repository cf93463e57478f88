// SPDX-License-Identifier: Apache-2.0
/* What a build host sends, as texts: names, Release, signatures, what rsync says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/archive/contents.h"
#include "core/archive/gpg.h"
#include "core/archive/paths.h"
#include "core/archive/release.h"
#include "core/archive/transfer.h"
#include "tests/unit/data_file.h"

static char wrong[512];

/* ---- names ---- */

static void put_back(char *name)
{
    if (strcmp(name, "%0") == 0)
        *name = '\0';
    for (char *at; (at = strstr(name, "%n"));) {
        *at = '\n';
        memmove(at + 1, at + 2, strlen(at + 2) + 1);
    }
}

static const char *check_path(char *line)
{
    static const char *const kinds[] = {"other", "packages", "sources", "extra"};
    char *what = data_file_word(&line), *name = data_file_word(&line);
    char *want = data_file_word(&line);
    put_back(name);
    size_t len = strlen(name);
    if (strcmp(what, "index") == 0) {
        size_t plain;
        enum paths_kind kind = paths_index_kind(name, len, &plain);
        snprintf(wrong, sizeof wrong, "%s %.*s", kinds[kind], (int)plain, name);
        char both[512];
        snprintf(both, sizeof both, "%s %s", want, line);
        return strcmp(wrong, both) == 0 ? NULL : wrong;
    }
    bool is = strcmp(what, "pool") == 0 ? paths_is_pool(name, len) : paths_is_safe(name, len);
    return strcmp(want, is ? "yes" : "no") == 0 ? NULL : "the other way round";
}

static void knows_names(void **state)
{
    (void)state;
    assert_int_equal(data_file_run("tests/unit/data/paths.data", check_path), 0);
    char longest[PATHS_MAX + 2];
    memset(longest, 'a', sizeof longest);
    assert_false(paths_is_safe(longest, 256)); /* one component */
    assert_true(paths_is_safe(longest, 255));
    for (size_t i = 100; i < sizeof longest; i += 100)
        longest[i] = '/';
    assert_true(paths_is_safe(longest, PATHS_MAX));
    assert_false(paths_is_safe(longest, PATHS_MAX + 1));
    assert_false(paths_is_safe("a\0b", 3));
}

/* ---- Release ---- */

#define A64  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A63  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG A64 A64 A64 "/" A64 A64 A64 "/"
#define B64  "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define HEAD "Origin: osbpo\nCodename: s\nDate: Sat, 01 Aug 2026 10:00:00 UTC\n"

static int parse(const char *text, struct release *r, struct err *e)
{
    static struct arena a = ARENA_INIT;
    arena_reset(&a);
    return release_parse(&a, text, strlen(text), r, e);
}

static void reads_a_release(void **state)
{
    struct release r;
    struct err e = {0};
    (void)state;
    assert_int_equal(parse(HEAD "MD5Sum:\n 0123456789abcdef0123456789abcdef 5 main/source/Sources\n"
                                "SHA256:\n " A64 " 5 main/source/Sources\n " B64
                                " 7 main/source/Sources.gz\n " B64 " 7 main/x@2.tar\n",
                           &r, &e),
                     0);
    assert_string_equal(r.origin, "osbpo");
    assert_null(r.suite);
    assert_int_equal(r.count, 2); /* what we do not take is left out */
    const struct release_entry *entry = release_find(&r, "main/source/Sources");
    assert_non_null(entry);
    assert_int_equal(entry->size, 5);
    assert_string_equal(entry->sums[HASH_SHA256], A64);
    assert_string_equal(entry->sums[HASH_MD5], "0123456789abcdef0123456789abcdef");
    assert_int_equal(release_strongest(&r), HASH_SHA256);
    assert_int_equal(parse(HEAD "SHA256:\n " A64 " 5 a/Sources\nSHA512:\n " A64 A64
                                " 5 a/Sources\n " B64 B64 " 9 b/not-listed\n",
                           &r, &e),
                     0);
    assert_int_equal(release_strongest(&r), HASH_SHA512);
    assert_int_equal(parse(HEAD "SHA256:\n", &r, &e), 0);
    assert_int_equal(r.count, 0);
    assert_int_equal(release_strongest(&r), HASH_SHA256);
    assert_null(release_find(&r, "a/Sources"));
    assert_true(release_is_suite(&r, "s"));
    assert_false(release_is_suite(&r, "t"));
    r.suite = "stable"; /* the folder may have either name, as for apt */
    assert_true(release_is_suite(&r, "s") && release_is_suite(&r, "stable"));
    assert_false(release_is_suite(&r, "t"));
}

static void refuses_releases(void **state)
{
    static const char *const bad[][2] = {
        {"", "empty"},
        {"Codename: s\nSHA256:\n", "no Date"},
        {HEAD, "no SHA256"},
        {"Date: yesterday\nSHA256:\n", "Date is no date"},
        {HEAD "Valid-Until: soon\nSHA256:\n", "Valid-Until is no date"},
        {HEAD "SHA256:\n " A64 " 5\n", "hash size name"},
        {HEAD "SHA256:\n " A64 " 5 a b\n", "hash size name"},
        {HEAD "SHA256:\n xyz 5 main/source/Sources\n", "hash or size"},
        {HEAD "SHA256:\n " A64 " -5 main/source/Sources\n", "hash or size"},
        {HEAD "SHA256:\n " A64 " 99999999999999999999 main/source/Sources\n", "hash or size"},
        {HEAD "SHA256:\n " A64 " 5 ../Sources\n", "not allowed"},
        {HEAD "SHA256:\n " A64 " 5 /etc/Sources\n", "not allowed"},
        {HEAD "SHA256:\n " A64 " 5 --x/Sources\n", "not allowed"},
        {HEAD "SHA256:\n " A64 " 5 a/Sources\n " B64 " 5 a/Sources\n", "twice"},
        {HEAD "MD5Sum:\n 0123456789abcdef0123456789abcdef 6 a/Sources\nSHA256:\n " A64
              " 5 a/Sources\n",
         "contradict"},
        {HEAD "SHA256:\n " A64 " 5 a/Sources\n\nOrigin: evil\n", "more than one paragraph"},
        {HEAD "Date: Sat, 01 Aug 2026 10:00:00 UTC\nSHA256:\n", "twice"},
        {HEAD "Label: a\n b\nSHA256:\n", "line break"},
        {"Date: Sat, 01 Aug\n 2026 10:00:00 UTC\nSHA256:\n", "Date has a line break"},
        {"Date: Thu, 01 Jan 1970 00:00:00 UTC\nSHA256:\n", "Date is no date"},
        {HEAD "SHA256:\n g" A63 " 5 main/source/Sources\n", "hash or size"},
        {HEAD "SHA256:\n " A64 " 5 " LONG LONG LONG LONG LONG "/Sources\n", "not allowed"},
        {HEAD "SHA256:\n " A64 " 5 a/Sources\nSHA512:\n " A64 " 5 a/Sources\n", "hash or size"},
        {HEAD "SHA256:\n " A64 " 5 a/Sources\nSHA512:\n " A64 A64 " 6 a/Sources\n", "contradict"},
        {HEAD "SHA256:\n " A64 " 5 a/Sources\nSHA512:\n " A64 A64 " 5 a/Sources\n " A64 A64
              " 5 a/Sources\n",
         "contradict"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct release r;
        struct err e = {0};
        assert_int_equal(parse(bad[i][0], &r, &e), -1);
        assert_int_equal(e.code, ERR_INPUT);
        if (!strstr(e.text, bad[i][1]))
            fail_msg("%s: %s", bad[i][1], e.text);
    }
}

/* ---- signatures ---- */

#define BEGIN "-----BEGIN PGP SIGNED MESSAGE-----\n"
#define SIG   "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n"

static void sees_what_stands_around(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {BEGIN "Hash: SHA256\n\ntext\n" SIG, ERR_NONE},
        {BEGIN "Hash: SHA256\r\n\r\ntext\r\n- -----BEGIN x\n" SIG "\n\n", ERR_NONE},
        {"", ERR_NOT_READY},
        {BEGIN "Hash: SHA256\n\ntext\n", ERR_NOT_READY},
        {BEGIN "Hash: SHA256\n\ntext\n-----BEGIN PGP SIGNATURE-----\n\nab", ERR_NOT_READY},
        {"\n" BEGIN "\ntext\n" SIG, ERR_INPUT},
        {"Origin: evil\n" BEGIN "\ntext\n" SIG, ERR_INPUT},
        {BEGIN "\ntext\n" SIG "Origin: evil\n", ERR_INPUT},
        {BEGIN "\ntext\n" SIG BEGIN "\ntext\n" SIG, ERR_INPUT},
        {BEGIN "\ntext\n" BEGIN "\ntext\n" SIG, ERR_INPUT},
        {BEGIN "NotDashEscaped: yes\n\ntext\n" SIG, ERR_INPUT},
        {BEGIN "Origin: evil\n\ntext\n" SIG, ERR_INPUT},
        {BEGIN "\ntext\n-----BEGIN PGP SIGNATURE-----\n-----BEGIN PGP SIGNATURE-----\n", ERR_INPUT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        gpg_check_clearsigned(cases[i].text, strlen(cases[i].text), &e);
        if (e.code != cases[i].code)
            fail_msg("case %zu: code %d: %s", i, e.code, e.text);
    }
    struct err e = {0};
    assert_int_equal(gpg_check_clearsigned(BEGIN "\n\0", strlen(BEGIN) + 2, &e), -1);
}

#define GOOD  "[GNUPG:] GOODSIG 2457DCAEDE0876C8 A\n"
#define VALID "[GNUPG:] VALIDSIG F 2026-11-24 1795555670 0 4 0 22 8 01 F\n"

static void judges_status(void **state)
{
    static const struct {
        const char *status, *words; /* NULL: good */
    } cases[] = {
        {"[GNUPG:] NEWSIG\n" GOOD VALID, NULL},
        {GOOD "[GNUPG:] VALIDSIG F 2026-11-24 1795555670 0 4 0 22 10 00 F\n", NULL},
        {GOOD VALID "[GNUPG:] ERRSIG 1 22 8 01 1 9\n[GNUPG:] NO_PUBKEY 1\n", NULL},
        {"", "no key"},
        {GOOD, "no key"},
        {VALID, "no key"},
        {"[GNUPG:] NO_PUBKEY 1\n", "no key"},
        {"GOODSIG x\nVALIDSIG F d t 0 4 0 22 8 01 F\n", "no key"},
        {GOOD "[GNUPG:] VALIDSIG F 2026-11-24 1795555670 0 4 0 22 2 01 F\n", "weaker"},
        {GOOD "[GNUPG:] VALIDSIG F 2026-11-24 1795555670 0 4 0 22 11 01 F\n", "weaker"},
        {GOOD "[GNUPG:] VALIDSIG F\n", "weaker"},
        {"[GNUPG:] EXPKEYSIG 1 A\n" VALID, "key that signed it has expired"},
        {GOOD VALID "[GNUPG:] EXPKEYSIG 1 A\n", "key that signed it has expired"},
        {"[GNUPG:] EXPSIG 1 A\n" VALID, "signature has expired"},
        {"[GNUPG:] REVKEYSIG 1 A\n" VALID, "revoked"},
        {"[GNUPG:] BADSIG 1 A\n", "does not fit"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        int rc = gpg_judge_status(cases[i].status, &e);
        if ((rc == 0) != !cases[i].words || (rc && !strstr(e.text, cases[i].words)))
            fail_msg("case %zu: %d %s", i, rc, e.text);
    }
}

static void takes_armour_off(void **state)
{
    static const char block[] =
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: x\n\nmDMEAAAA\nAAA=\n"
        "=abcd\n-----END PGP PUBLIC KEY BLOCK-----\n";
    struct buf out = BUF_INIT, two = BUF_INIT;
    struct err e = {0};
    (void)state;
    assert_int_equal(gpg_dearmor(block, sizeof block - 1, &out, &e), 0);
    assert_int_equal(out.len, 8);
    assert_memory_equal(out.data, "\x98\x33\x04\0\0\0\0\0", 8);
    buf_addf(&two, "%stext between\n%s", block, block);
    buf_reset(&out);
    assert_int_equal(gpg_dearmor(two.data, two.len, &out, &e), 0);
    assert_int_equal(out.len, 16);
    buf_reset(&out);
    assert_int_equal(gpg_dearmor("\x98\x33\x04", 3, &out, &e), 0);
    assert_memory_equal(out.data, "\x98\x33\x04", 3);
    assert_int_equal(gpg_dearmor("no key\n", 7, &out, &e), -1);
    assert_int_equal(gpg_dearmor("", 0, &out, &e), -1);
    assert_int_equal(gpg_dearmor(block, 60, &out, &e), -1);
    static const char *const damaged[] = {"m*MEAAAA\n", "mDMEA\n", "=\n", "A=======\n", ""};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        char text[200];
        int len = snprintf(text, sizeof text,
                           "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n%s"
                           "-----END PGP PUBLIC KEY BLOCK-----\n",
                           damaged[i]);
        if (gpg_dearmor(text, (size_t)len, &out, &e) != -1)
            fail_msg("'%s' was taken", damaged[i]);
    }
    buf_free(&out);
    buf_free(&two);
}

static void compares_signed_texts(void **state)
{
    (void)state;
    assert_true(gpg_same_text("a\nb\n", 4, "a \r\nb", 5));
    assert_false(gpg_same_text("a\nb\n", 4, "a\nc\n", 4));
    assert_false(gpg_same_text("a\nb\n", 4, "a\n", 2));
    assert_false(gpg_same_text("a\n", 2, "a\nb\n", 4));
}

/* ---- rsync ---- */

static void tells_exit_codes_apart(void **state)
{
    static const struct {
        int code;
        const char *said;
        enum err_code want;
        const char *words;
    } cases[] = {
        {0, "", ERR_NONE, ""},
        {23, "link_stat failed: No such file or directory (2)", ERR_NONE, ""},
        {24, "file has vanished", ERR_NONE, ""},
        {23, "send_files failed to open: Permission denied (13)", ERR_NONE, ""},
        {11, "write failed: No space left on device (28)", ERR_SYSTEM, "disk is full"},
        {23, "mkstemp failed: No space left on device (28)", ERR_SYSTEM, "full"},
        {10, "failed to connect to x: Connection refused (111)", ERR_TRANSIENT, "refused"},
        {10, "getaddrinfo: x 873: Name or service not known", ERR_TRANSIENT, "name is unknown"},
        {255, "ssh: Could not resolve hostname x", ERR_TRANSIENT, "name is unknown"},
        {255, "Host key verification failed.", ERR_DENIED, "not the known one"},
        {255, "x: Permission denied (publickey).", ERR_DENIED, "does not let our ssh key in"},
        {5, "@ERROR: Unknown module 'x'", ERR_DENIED, "no such rsync module"},
        {5, "@ERROR: auth failed on module x", ERR_DENIED, "password"},
        {5, "@ERROR: max connections (2) reached", ERR_TRANSIENT, "too many connections"},
        {12, "connection unexpectedly closed", ERR_TRANSIENT, "cut off"},
        {30, "timeout", ERR_TRANSIENT, "too long"},
        {35, "timeout", ERR_TRANSIENT, "in time"},
        {3, "change_dir failed", ERR_INPUT, "could not find"},
        {22, "out of memory", ERR_INPUT, "without end"},
        {99, "", ERR_TRANSIENT, "99"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct err e = {0};
        int rc = transfer_judge(cases[i].code, cases[i].said, &e);
        if ((rc == 0) != (cases[i].want == ERR_NONE) || e.code != cases[i].want ||
            !strstr(e.text, cases[i].words))
            fail_msg("case %zu: %d %s", i, e.code, e.text);
    }
}

/* ---- indexes ---- */

#define PACKAGE                                                                                    \
    "Package: nova\nFilename: pool/s/main/n/nova_1.deb\nSize: 3\nSHA256: " A64 "\n\n"              \
    "Package: nova\nFilename: ./pool/t-x/nova_2.deb\nSize: 3\nSHA256: " A64 "\n"

static void knows_whose_a_path_is(void **state)
{
    static const char *mine[] = {"nova"}, *other[] = {"t"}, *theirs[] = {"u", "s"},
                      *own[] = {"t-x", "s"};
    const struct config_strings sources = {mine, 1}, none = {NULL, 0}, t = {other, 1},
                                s = {theirs, 2}, tx = {own, 1}, both = {own, 2};
    const struct contents_input in = {"Packages", PATHS_PACKAGES, PACKAGE, strlen(PACKAGE)};
    struct contents_rules rules = {.others = &none};
    struct arena a = ARENA_INIT;
    struct contents c;
    struct err e = {0};
    (void)state;
    assert_int_equal(contents_read(&a, &in, 1, &rules, &c, &e), 0);
    assert_int_equal(c.file_count, 2);
    assert_string_equal(c.files[1].path, "pool/t-x/nova_2.deb");
    rules.others = &t; /* the whole of a name, not its beginning */
    assert_int_equal(contents_read(&a, &in, 1, &rules, &c, &e), 0);
    rules.others = &s;
    assert_int_equal(contents_read(&a, &in, 1, &rules, &c, &e), -1);
    assert_non_null(strstr(e.text, "belongs to a suite of another mirror"));
    rules = (struct contents_rules){.sources = &sources}; /* pool/t-x/ is nobody's folder */
    assert_int_equal(contents_read(&a, &in, 1, &rules, &c, &e), -1);
    assert_non_null(strstr(e.text, "no folder of a source package that this mirror may bring"));
    rules.own = &s;
    assert_int_equal(contents_read(&a, &in, 1, &rules, &c, &e), -1);
    rules.own = &tx;
    assert_int_equal(contents_read(&a, &in, 1, &rules, &c, &e), -1);
    rules.own = &both;
    assert_int_equal(contents_read(&a, &in, 1, &rules, &c, &e), 0);
    rules = (struct contents_rules){.files_max = 1};
    assert_int_equal(contents_read(&a, &in, 1, &rules, &c, &e), -1);
    assert_non_null(strstr(e.text, "limits.files"));
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_names),           cmocka_unit_test(reads_a_release),
        cmocka_unit_test(refuses_releases),      cmocka_unit_test(sees_what_stands_around),
        cmocka_unit_test(judges_status),         cmocka_unit_test(takes_armour_off),
        cmocka_unit_test(compares_signed_texts), cmocka_unit_test(tells_exit_codes_apart),
        cmocka_unit_test(knows_whose_a_path_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
