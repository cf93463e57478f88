// SPDX-License-Identifier: Apache-2.0
/* core/admin/apache: the numbers of our programs from Apache's files, the shipped one included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/admin/apache.h"
#include "core/base/file.h"

static char folder[] = "/tmp/deb-status-test.XXXXXX";
static struct arena arena = ARENA_INIT;

static void put(const char *name, const char *text)
{
    struct err e = {0};
    if (file_write(arena_printf(&arena, "%s/%s", folder, name), text, strlen(text), 0644, &e))
        fail_msg("%s", e.text);
}

static struct apache read_main(const char *text)
{
    struct apache out;
    struct err e = {0};
    put("apache2.conf", text);
    if (apache_read(arena_printf(&arena, "%s/apache2.conf", folder), &arena, &out, &e))
        fail_msg("%s", e.text);
    return out;
}

static void test_language(void **state)
{
    (void)state;
    put("envvars", "# x\nexport APACHE_RUN_USER=www-data\nexport D=/run/apache2$SUFFIX\n");
    put("mods/fcgid.conf", "<IfModule mod_fcgid.c>\nFcgidMaxProcessesPerClass 7\n</IfModule>\n"
                           "<IfModule !mod_fcgid.c>\nFcgidMaxProcesses 3\n</IfModule>\n");
    put("mods/mpm.conf", "<ifmodule mpm_prefork_module>\n<Directory />\nMaxRequestWorkers 1\n"
                         "</Directory>\n</ifmodule>\nMaxRequestWorkers 150\n");
    struct apache a =
        read_main("User ${APACHE_RUN_USER}\nLoadModule fcgid_module x.so\n"
                  "IncludeOptional mods/*.conf nothing/*.conf\nInclude apache2.conf\n"
                  "Define BIN '/usr/lib/x'\nScriptAlias /hook \\\n  ${BIN}/hook.fcgi\n"
                  "<IfDefine !BIN>\nScriptAlias / ${BIN}/pages.fcgi\n</IfDefine>\n"
                  "FcgidCmdOptions \"${BIN}/hook.fcgi\" MinProcesses 2 MaxProcesses 9\n"
                  "DocumentRoot /var/www/one/\n<VirtualHost *:80>\nDocumentRoot \"/var/www/two\"\n"
                  "</VirtualHost>\nDefine DEB_STATUS_ARCHIVE_PATH /elsewhere\n"
                  "Alias \"/osbpo/\" ${BIN}/a/\n${UNKNOWN} x\n");
    assert_true(a.root_count >= 2);
    assert_string_equal(a.roots[0], "/var/www/one");
    assert_string_equal(a.roots[1], "/var/www/two");
    assert_string_equal(a.archive_path, "/elsewhere");
    assert_null(a.archive);
    assert_string_equal(a.user, "www-data");
    assert_int_equal(a.max_class_processes, 7);
    assert_int_equal(a.max_processes, 1000);
    assert_int_equal(a.max_request_workers, 150);
    assert_int_equal(a.max_request_len, 131072);
    assert_int_equal(a.hook.max_processes, 9);
    assert_true(a.has_fcgid && a.hook.served && !a.hook.by_socket);
    assert_false(a.pages.served);
    /* the file includes itself: each time one alias more, and an end to it */
    assert_true(a.alias_count > 0 && a.alias_count < 100);
    assert_string_equal(a.aliases[0].path, "/osbpo");
    assert_string_equal(a.aliases[0].folder, "/usr/lib/x/a");
}

static void test_shipped(void **state)
{
    (void)state;
    char cwd[512];
    assert_non_null(getcwd(cwd, sizeof cwd));
    const char *include = arena_printf(&arena, "Include %s/apache/deb-status.conf\n", cwd);
    struct apache a = read_main(arena_printf(&arena, "LoadModule fcgid_module m.so\n%s", include));
    assert_true(a.hook.served && a.pages.served && !a.hook.by_socket);
    assert_true(a.hook.max_processes > 0 && a.pages.max_processes > 0);
    assert_true(a.max_request_len > 1048576);
    assert_int_equal(a.body_limit, 65536);
    bool archive = false;
    for (int i = 0; i < a.alias_count; i++)
        archive |= strcmp(a.aliases[i].folder, "/var/lib/deb-status/archive") == 0;
    assert_true(archive);
    /* a variable that is set before keeps its value */
    a = read_main(arena_printf(&arena, "Define DEB_STATUS_BODY_LIMIT 1000000\n%s", include));
    assert_int_equal(a.body_limit, 1000000);
}

static void test_sockets(void **state)
{
    (void)state;
    struct apache a =
        read_main("<Location /hook>\nSetHandler "
                  "\"proxy:unix:/run/deb-status/hook.sock|fcgi://hook/\"\n</Location>\n"
                  "ProxyPass /deb-status unix:/run/deb-status/pages.sock|fcgi://pages/\n");
    assert_true(a.hook.served && a.hook.by_socket && a.pages.served && a.pages.by_socket);
}

static void test_odd(void **state)
{
    (void)state;
    struct apache a = read_main("<IfModule nope\n</IfModule>\n</Directory>\n\"unclosed\nDefine\n"
                                "MaxRequestWorkers many\nFcgidCmdOptions\nUser \"\"\n\\\n");
    assert_int_equal(a.max_request_workers, 0);
    struct apache out;
    struct err e = {0};
    assert_int_equal(apache_read("/nonexistent/apache2.conf", &arena, &out, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
}

static int start(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    return file_make_dirs(arena_printf(&arena, "%s/mods", folder), 0755, NULL);
}

static int stop(void **state)
{
    (void)state;
    int rc = file_remove_tree(folder, NULL);
    arena_free(&arena);
    return rc;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_language),
                                       cmocka_unit_test(test_shipped),
                                       cmocka_unit_test(test_sockets), cmocka_unit_test(test_odd)};
    return cmocka_run_group_tests_name("apache", tests, start, stop);
}
