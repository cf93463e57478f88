// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/archive/transfer.h"
#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/sandbox.h"

static struct arena arena = ARENA_INIT;
static char top[64];

static const char *path(const char *name)
{
    return arena_printf(&arena, "%s/%s", top, name);
}

/* Stands in for an rsync that a host has taken over: it is started in the staging. */
static const char taken_over[] = "#!/bin/sh\n"
                                 "echo x >host/file || exit 11\n"
                                 "if (echo x >gpg/key.gpg); then exit 2; fi\n"
                                 "if ln -s / host/link; then exit 3; fi\n"
                                 "exit 0\n";

static int set_up(void **state)
{
    struct err e;
    (void)state;
    strcpy(top, "/tmp/deb-status-test.XXXXXX");
    return mkdtemp(top) == NULL || file_make_dirs(path("from"), 0755, &e) ||
                   file_make_dirs(path("staging/host"), 0755, &e) ||
                   file_make_dirs(path("staging/gpg"), 0755, &e) ||
                   file_write(path("staging/gpg/key.gpg"), "key", 3, 0644, &e) ||
                   file_write(path("from/rsync"), taken_over, sizeof taken_over - 1, 0755, &e)
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    struct err e;
    (void)state;
    int rc = file_remove_tree(top, &e);
    arena_free(&arena);
    return rc;
}

/* The key that tells what the host may sign lies beside what is fetched from it. */
static void writes_nothing_but_what_is_fetched(void **state)
{
    const struct config_mirror mirror = {
        .from = path("from"), .limit_bytes = 1 << 20, .limit_time_s = 60};
    struct transfer t = {
        .mirror = &mirror, .staging = path("staging"), .deadline_ms = clock_monotonic_ms() + 60000};
    const char *const names[] = {"dists/s/InRelease"};
    const struct transfer_step step = {
        .to = path("staging/host"), .names = names, .count = 1, .file_max = 1 << 20};
    struct err e = {0};
    (void)state;
    if (!sandbox_available()) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    setenv("PATH", arena_printf(&arena, "%s:/usr/bin:/bin", path("from")), 1);
    if (transfer_fetch(&t, &step, &e))
        fail_msg("%s %s", e.text, e.detail);
    assert_true(file_exists(path("staging/host/file")));
    buf_free(&t.said);
}

/* Where each transfer can run it. */
static void place_rsync(const char *script)
{
    struct err e;
    assert_int_equal(file_write(path("staging/host/rsync"), script, strlen(script), 0755, &e), 0);
    setenv("PATH", arena_printf(&arena, "%s:/usr/bin:/bin", path("staging/host")), 1);
}

/* One call with `script` in rsync's place. */
static int fetch(const char *script, const struct config_mirror *mirror, struct transfer *t,
                 struct err *e)
{
    static const char *const names[] = {"dists/s/InRelease"};
    const struct transfer_step step = {
        .to = path("staging/host"), .names = names, .count = 1, .bytes = 4096, .file_max = 1 << 25};
    *t = (struct transfer){
        .mirror = mirror, .staging = path("staging"), .deadline_ms = clock_monotonic_ms() + 60000};
    place_rsync(script);
    int rc = transfer_fetch(t, &step, e);
    buf_free(&t->said);
    return rc;
}

/* rsync prints what the other side says: that counts for nothing. */
static void believes_no_line(void **state)
{
    const struct config_mirror mirror = {
        .from = path("from"), .limit_bytes = 1 << 20, .limit_time_s = 4};
    const struct config_mirror large = {
        .from = path("from"), .limit_bytes = 1 << 28, .limit_time_s = 400};
    struct transfer t;
    struct err e = {0};
    (void)state;
    assert_int_equal(fetch("#!/bin/sh\n"
                           "echo '  999,999,999,999  99%  9.99GB/s  0:00:01 (xfr#9, to-chk=0/9)'\n"
                           "printf 12345678 >host/file\n"
                           "echo 'sent 1 bytes  received 999,999,999,999 bytes  1.00 bytes/sec'\n",
                           &mirror, &t, &e),
                     0);
    assert_int_equal(t.bytes, 8);
    assert_int_equal(t.written, 8);
    assert_int_equal(fetch("#!/bin/sh\n"
                           "while :; do echo '  1,234  99%  1.00MB/s (xfr#1)'; done\n",
                           &mirror, &t, &e),
                     -1);
    assert_non_null(strstr(e.text, "stalled"));
    assert_int_equal(fetch("#!/bin/sh\n"
                           "truncate -s 30M host/a; echo '  1  0%  1.00kB/s (xfr#1)'\n"
                           "exec sleep 20\n",
                           &large, &t, &e),
                     -1);
    assert_non_null(strstr(e.text, "sends more than"));
    assert_int_equal(fetch("#!/bin/sh\n"
                           "i=0; while [ $i -lt 3000 ]; do : >host/f$i; i=$((i+1)); done\n"
                           "exec sleep 20\n",
                           &large, &t, &e),
                     -1);
    assert_non_null(strstr(e.text, "sends more than"));
}

static void knows_where_an_address_leads(void **state)
{
    static const struct {
        const char *from;
        enum address_kind kind;
        const char *user, *host;
        uint16_t port;
        const char *path;
    } cases[] = {
        {"rsync://h.example.org/debian", ADDRESS_DAEMON, "", "h.example.org", 873, "/debian"},
        {"rsync://h.example.org:8873/debian", ADDRESS_DAEMON, "", "h.example.org", 8873, "/debian"},
        {"rsync://u@h.example.org:8873/", ADDRESS_DAEMON, "u@", "h.example.org", 8873, "/"},
        {"rsync://[::1]/debian", ADDRESS_DAEMON, "", "::1", 873, "/debian"},
        {"rsync://u@[::1]:99/debian", ADDRESS_DAEMON, "u@", "::1", 99, "/debian"},
        {"rsync://h/a:1/b@c:2", ADDRESS_DAEMON, "", "h", 873, "/a:1/b@c:2"},
        {"rsync://h:0/debian", ADDRESS_DAEMON, "", "h", 873, "/debian"},
        {"rsync://h", ADDRESS_DAEMON, "", "h", 873, ""},
        {"u@h.example.org:/srv", ADDRESS_SSH, "u@", "h.example.org", 22, "/srv"},
        {"h:srv:1/@", ADDRESS_SSH, "", "h", 22, "srv:1/@"},
        {"u@[fe80::1%eth0]:srv", ADDRESS_SSH, "u@", "fe80::1%eth0", 22, "srv"},
        {"/srv/debian", ADDRESS_PATH, "", NULL, 0, "/srv/debian"},
        {"/srv/a:b", ADDRESS_PATH, "", NULL, 0, "/srv/a:b"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct address at = address_read(&arena, cases[i].from);
        assert_int_equal(at.kind, cases[i].kind);
        assert_string_equal(at.user, cases[i].user);
        assert_string_equal(at.path, cases[i].path);
        assert_int_equal(at.port, cases[i].port);
        if (cases[i].host)
            assert_string_equal(at.host, cases[i].host);
        else
            assert_null(at.host);
    }
}

static const char *argument(const char *name)
{
    struct buf text = BUF_INIT;
    struct err e;
    if (file_read(path(arena_printf(&arena, "staging/host/%s", name)), 1 << 16, &text, &e))
        fail_msg("%s", e.text);
    const char *copy = arena_strdup(&arena, buf_str(&text));
    buf_free(&text);
    return copy;
}

/* A name service would need UDP, by which whoever took a transfer over could send anything
 * anywhere. */
static void has_tcp_alone_and_a_number(void **state)
{
    const struct config_mirror mirror = {
        .from = "rsync://u@localhost:8873/debian", .limit_bytes = 1 << 20, .limit_time_s = 60};
    struct transfer t;
    struct err e = {0};
    (void)state;
    if (fetch("#!/usr/bin/python3\n"
              "import socket, sys\n"
              "open('host/source', 'w').write(sys.argv[-2])\n"
              "for family, type in ((2, 1), (2, 2), (10, 2), (1, 1), (16, 3)):\n"
              "    try:\n"
              "        socket.socket(family, type)\n"
              "        print(family, type, file=open('host/sockets', 'a'))\n"
              "    except PermissionError:\n"
              "        pass\n",
              &mirror, &t, &e))
        fail_msg("%s %s", e.text, e.detail);
    if (strcmp(argument("source"), "rsync://u@127.0.0.1:8873/debian/") != 0)
        assert_string_equal(argument("source"), "rsync://u@[::1]:8873/debian/");
#if defined __x86_64__ || defined __aarch64__
    assert_string_equal(argument("sockets"), "2 1\n");
#endif
}

static const char reached_at_the_second[] = "#!/bin/sh\n"
                                            "echo \"$*\" >>host/calls\n"
                                            "case $* in *192.0.2.7*) echo 'rsync: failed to "
                                            "connect: Connection refused' >&2; exit 10;; esac\n"
                                            "exit 0\n";

static size_t occurs(const char *in, const char *what)
{
    size_t n = 0;
    for (; (in = strstr(in, what)); in++)
        n++;
    return n;
}

static void tries_each_address_of_a_host(void **state)
{
    const struct config_mirror mirror = {.from = "build.example.org:/srv/debian",
                                         .ssh_key = path("from/key"),
                                         .ssh_known_hosts = path("from/hosts"),
                                         .limit_bytes = 1 << 20,
                                         .limit_time_s = 60};
    static const char *const names[] = {"dists/s/InRelease"};
    const struct transfer_step step = {
        .to = path("staging/host"), .names = names, .count = 1, .bytes = 4096, .file_max = 1 << 25};
    struct transfer t = {.mirror = &mirror,
                         .staging = path("staging"),
                         .deadline_ms = clock_monotonic_ms() + 60000,
                         .addresses = {"192.0.2.7", "fe80::1%eth0"},
                         .address_count = 2};
    struct err e = {0};
    (void)state;
    place_rsync(reached_at_the_second);
    assert_int_equal(transfer_fetch(&t, &step, &e), 0);
    assert_int_equal(transfer_fetch(&t, &step, &e), 0); /* what answered once is asked first */
    const char *calls = argument("calls");
    assert_int_equal(occurs(calls, "HostName=192.0.2.7 "), 1);
    assert_int_equal(occurs(calls, "-o HostKeyAlias=build.example.org -o HostName=fe80::1%%eth0 "),
                     2);
    t.address_count = 1;
    t.address = 0;
    assert_int_equal(transfer_fetch(&t, &step, &e), -1);
    assert_string_equal(e.text, "the build host refused the connection");
    buf_free(&t.said);
}

static void says_that_a_name_is_unknown(void **state)
{
    const struct config_mirror mirror = {
        .from = "rsync://no-such-host.invalid/debian", .limit_bytes = 1 << 20, .limit_time_s = 60};
    struct transfer t;
    struct err e = {0};
    (void)state;
    assert_int_equal(fetch("#!/bin/sh\nexit 0\n", &mirror, &t, &e), -1);
    assert_string_equal(e.text, "the build host's name is unknown");
    assert_string_equal(e.detail, "getent ahosts no-such-host.invalid: no address");
    assert_int_equal(e.code, ERR_TRANSIENT);
}

/* Whatever the configuration let through. */
static void takes_no_address_for_an_option(void **state)
{
    static const struct {
        const char *from, *key, *known_hosts, *words;
    } rows[] = {
        {"--rsh=sh", NULL, NULL, "begins with '-'"},
        {"rsync://-h/debian", NULL, NULL, "names no host"},
        {"rsync://a b/debian", NULL, NULL, "names no host"},
        {"u@h' -o x='y:/debian", "/etc/key", "/etc/hosts", "names no host"},
        {"host:/debian", NULL, "/etc/hosts", "needs ssh.key and ssh.known-hosts"},
        {"host:/debian", "/etc/key", NULL, "needs ssh.key and ssh.known-hosts"},
        {"host:/debian", "/etc/k'ey", "/etc/hosts", "quotes in the path"},
        {"host:/debian", "/etc/key", "/etc/h\nosts", "quotes in the path"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct config_mirror mirror = {.from = rows[i].from,
                                             .ssh_key = rows[i].key,
                                             .ssh_known_hosts = rows[i].known_hosts,
                                             .limit_bytes = 1 << 20,
                                             .limit_time_s = 60};
        struct transfer t;
        struct err e = {0};
        assert_int_equal(fetch("#!/bin/sh\n>host/ran\n", &mirror, &t, &e), -1);
        if (!strstr(e.text, rows[i].words))
            fail_msg("row %zu: %s", i, e.text);
        assert_false(file_exists(path("staging/host/ran")));
        buf_free(&t.said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_nothing_but_what_is_fetched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(believes_no_line, set_up, tear_down),
        cmocka_unit_test(knows_where_an_address_leads),
        cmocka_unit_test_setup_teardown(has_tcp_alone_and_a_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tries_each_address_of_a_host, set_up, tear_down),
        cmocka_unit_test_setup_teardown(says_that_a_name_is_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_no_address_for_an_option, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
