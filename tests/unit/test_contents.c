// SPDX-License-Identifier: Apache-2.0
/* Packages and Sources: which paragraphs are taken, and what is united of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/archive/contents.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct arena arena = ARENA_INIT;
static const char *allowed[] = {"nova", "python-*"};
static const struct config_strings globs = {allowed, 2};
static const struct contents_rules any, strict = {.sources = &globs, .files_max = 100};

static int read_both(const char *packages, const char *sources, const struct contents_rules *rules,
                     struct contents *out, struct err *e)
{
    const struct contents_input in[] = {
        {"main/binary-amd64/Packages", PATHS_PACKAGES, packages, strlen(packages)},
        {"main/source/Sources", PATHS_SOURCES, sources, strlen(sources)}};
    *e = (struct err){0};
    return contents_read(&arena, in, 2, rules, out, e);
}

#define DEB(fields) fields "Filename: pool/main/n/nova/nova_1_all.deb\nSize: 3\nSHA256: " A64 "\n\n"
#define DSC(fields)                                                                                \
    fields "Directory: pool/main/n/nova\nChecksums-Sha256:\n " A64 " 3 nova_1.dsc\n\n"

static void refuses_what_is_no_paragraph_of_ours(void **state)
{
    static char name[300], path[2000];
    (void)state;
    memset(name, 'n', 256);
    memset(path, 'p', 1500);
    const struct {
        const char *packages, *sources, *words;
    } rows[] = {
        {DEB("Package: n\n"), "", "Package is no name"},
        {DEB("Package: -nova\n"), "", "Package is no name"},
        {DEB("Package: no va\n"), "", "Package is no name"},
        {DEB("Package: no/va\n"), "", "Package is no name"},
        {arena_printf(&arena, DEB("Package: %s\n"), name), "", "Package is no name"},
        {DEB("Version: 1\n"), "", "Package is no name"},
        {DEB("Package: nova-common\nSource: /nova\n"), "", "Source is no name"},
        {DEB("Package: nova\nSource: \n"), "", "Source is no name"},
        {DEB("Package: nova\nSource: bash (1.0)\n"), "", "may not bring source package bash"},
        {DEB("Package: bash\n"), "", "may not bring source package bash"},
        {"Package: nova\nSize: 3\nSHA256: " A64 "\n", "", "no field Filename"},
        {arena_printf(&arena, "Package: nova\nFilename: pool/%s.deb\nSize: 3\nSHA256: " A64 "\n",
                      path),
         "", "path is too long"},
        {"Package: nova\nFilename: pool/main/n/nova/x.deb\nSize: 3x\nSHA256: " A64 "\n", "",
         "no Size or no SHA256"},
        {"Package: nova\nFilename: pool/main/n/nova/x.deb\nSize: 9999999999999999999\nSHA256: " A64
         "\n",
         "", "no Size or no SHA256"},
        {"Package: nova\nFilename: pool/main/n/nova/x.deb\nSize: 3\nSHA256: " A64 "a\n", "",
         "no Size or no SHA256"},
        {"Package: nova\nFilename: pool/main/n/nova/x.deb\nSize: 3\nSHA256: g" A64 "\n", "",
         "no Size or no SHA256"},
        {"", DSC("Package: N\nVersion: 1\n"), "Package is no name"},
        {"", DSC("Package: bash\nVersion: 1\n"), "may not bring source package bash"},
        {"", DSC("Package: nova\nVersion: 1_2\n"), "Sources, nova (line 1)"},
        {"", DSC("Package: nova\n"), "Sources, nova (line 1)"},
        {"", "Package: nova\nVersion: 1\nDirectory: pool/main/n/nova\n", "Checksums-Sha256"},
        {"", "Package: nova\nVersion: 1\nChecksums-Sha256:\n " A64 " 3 nova_1.dsc\n", "Directory"},
        {"",
         "Package: nova\nVersion: 1\nDirectory: pool/main/n/nova\nChecksums-Sha256:\n " A64 " 3\n",
         "a line that is none"},
        {DEB("Package: nova\n"), "Package: nova\nnonsense\n", "Sources, line 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contents c;
        struct err e;
        int rc = read_both(rows[i].packages, rows[i].sources, &strict, &c, &e);
        if (rc != -1 || e.code != ERR_INPUT || !strstr(e.text, rows[i].words))
            fail_msg("row %zu: %d %s", i, rc, e.text);
    }
}

static void unites_what_several_name(void **state)
{
    struct contents c;
    struct err e;
    (void)state;
    assert_int_equal(read_both(DEB("Package: nova\n") DEB("Package: nova\nEssential: yes\n"),
                               DSC("Package: nova\nVersion: 1:1.0~rc1-1\n")
                                   DSC("Package: nova\nVersion: 1:1.0-1\n")
                                       DSC("Package: nova\nVersion: 9-1\nExtra-Source-Only: yes\n")
                                           DSC("Package: python-x\nVersion: 2\n"),
                               &any, &c, &e),
                     0);
    assert_int_equal(c.file_count, 2);
    assert_int_equal(c.source_count, 2);
    assert_string_equal(contents_find_source(&c, "nova")->version, "1:1.0-1");
    assert_null(contents_find_source(&c, "nov"));
    assert_int_equal(c.essential_count, 1);
    assert_int_equal(contents_find(&c, "pool/main/n/nova/nova_1.dsc")->size, 3);
    assert_null(contents_find(&c, "pool/main/n/nova/nova_1"));
    assert_int_equal(read_both("", "", &any, &c, &e), 0);
    assert_null(contents_find(&c, "x"));
    assert_null(contents_find_source(&c, "x"));
}

/* A path has one content: neither another hash nor another size beside the same hash. */
static void refuses_contradictions(void **state)
{
    static const char *const second[] = {
        "Package: nova\nFilename: pool/main/n/nova/nova_1_all.deb\nSize: 3\nSHA256: " B64 "\n",
        "Package: nova\nFilename: pool/main/n/nova/nova_1_all.deb\nSize: 4\nSHA256: " A64 "\n",
        "Package: nova\nFilename: ./pool/main/n/nova/nova_1_all.deb\nSize: 4\nSHA256: " A64 "\n"};
    (void)state;
    for (size_t i = 0; i < sizeof second / sizeof *second; i++) {
        struct contents c;
        struct err e;
        const char *text = arena_printf(&arena, DEB("Package: nova\n") "%s", second[i]);
        assert_int_equal(read_both(text, "", &any, &c, &e), -1);
        assert_non_null(strstr(e.text, "contradict each other"));
    }
}

struct seen {
    char text[200];
};

static int note(void *data, const struct contents_file *file, const struct contents_file *old,
                struct err *e)
{
    struct seen *s = data;
    size_t len = strlen(s->text);
    (void)e;
    snprintf(s->text + len, sizeof s->text - len, "%s%s ", strrchr(file->path, '/') + 1,
             old ? "!" : "");
    return strstr(file->path, "stop") ? 7 : 0;
}

#define FILE_ROW(name, size)                                                                       \
    "Package: nova\nFilename: pool/n/" name ".deb\nSize: " size "\nSHA256: " A64 "\n\n"

static void compares_two_trees(void **state)
{
    static const char before[] = FILE_ROW("a", "1") FILE_ROW("b", "1") FILE_ROW("d", "1");
    static const char now[] = FILE_ROW("b", "2") FILE_ROW("c", "1") FILE_ROW("d", "1");
    struct contents old, new, stop;
    struct seen came = {""}, left = {""};
    struct err e;
    (void)state;
    assert_int_equal(read_both(before, "", &any, &old, &e), 0);
    assert_int_equal(read_both(now, "", &any, &new, &e), 0);
    assert_int_equal(contents_compare(&old, &new, note, NULL, &came, &e), 0);
    assert_string_equal(came.text, "b.deb! c.deb ");
    assert_int_equal(contents_compare(&old, &new, NULL, note, &left, &e), 0);
    assert_string_equal(left.text, "a.deb ");
    assert_int_equal(read_both(FILE_ROW("stop", "1") FILE_ROW("z", "1"), "", &any, &stop, &e), 0);
    came.text[0] = '\0';
    assert_int_equal(contents_compare(&old, &stop, note, NULL, &came, &e), 7);
    assert_string_equal(came.text, "stop.deb ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_paragraph_of_ours),
        cmocka_unit_test(unites_what_several_name),
        cmocka_unit_test(refuses_contradictions),
        cmocka_unit_test(compares_two_trees),
    };
    return cmocka_run_group_tests_name("contents", tests, NULL, NULL);
}
