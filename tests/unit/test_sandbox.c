// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/arena.h"
#include "core/base/file.h"
#include "core/base/proc.h"
#include "core/base/sandbox.h"

static struct arena arena = ARENA_INIT;
static char top[64];

static const char *path(const char *name)
{
    return arena_printf(&arena, "%s/%s", top, name);
}

static int set_up(void **state)
{
    struct err e;
    (void)state;
    strcpy(top, "/tmp/deb-status-test.XXXXXX");
    return mkdtemp(top) == NULL || file_make_dirs(path("read"), 0755, &e) ||
                   file_make_dirs(path("write"), 0755, &e) ||
                   file_write(path("read/f"), "f", 1, 0644, &e) ||
                   file_write(path("secret"), "s", 1, 0644, &e)
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    struct err e;
    (void)state;
    arena_reset(&arena);
    return file_remove_tree(top, &e);
}

static bool can_open(const char *name, int flags)
{
    int fd = open(path(name), flags | O_CLOEXEC, 0644);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* Runs in a process of its own; returns 0, or the line of what was wrong. */
static int in_child(int (*check)(struct sandbox *s))
{
    const char *const readable[] = {path("read"), path("absent"), NULL};
    const char *const writable[] = {path("write"), NULL};
    pid_t pid = fork();
    if (pid == 0) {
        struct sandbox s;
        struct err e;
        const struct sandbox_rules rules = {.readable = readable, .writable = writable};
        if (sandbox_open(&s, &rules, &e))
            _exit(1);
        _exit(check(&s));
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
}

#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);                        \
            return 2;                                                                              \
        }                                                                                          \
    } while (0)

static int check_files(struct sandbox *s)
{
    MUST(can_open("secret", O_RDONLY)); /* nothing holds before */
    MUST(sandbox_enter(s) == 0);
    MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    MUST(can_open("read/f", O_RDONLY));
    MUST(!can_open("read/f", O_WRONLY));
    MUST(!can_open("read/g", O_WRONLY | O_CREAT));
    MUST(unlink(path("read/f")) != 0);
    MUST(!can_open("secret", O_RDONLY));
    MUST(can_open("write/g", O_WRONLY | O_CREAT));
    MUST(link(path("write/g"), path("write/h")) == 0);
    MUST(rename(path("write/h"), path("write/i")) == 0);
    MUST(rename(path("write/i"), path("read/i")) != 0);
    MUST(open("/etc/shadow", O_RDONLY) < 0);
    MUST(open("/dev/null", O_RDWR) >= 0);
    return 0;
}

static void takes_rights_away(void **state)
{
    (void)state;
    if (!sandbox_available()) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    assert_int_equal(in_child(check_files), 0);
}

#if defined __x86_64__ || defined __aarch64__
#define SOCKETS_ARE_LIMITED
#endif

static bool can_make(int family, int type, int protocol)
{
    int fd = socket(family, type | SOCK_CLOEXEC, protocol);
    if (fd >= 0)
        close(fd);
    return fd >= 0 || errno != EACCES; /* not known to this kernel: not forbidden either */
}

/* What is left of the sockets by one policy. */
static int check_sockets(struct sandbox *s, bool tcp, bool udp)
{
    int pair[2];
    MUST(can_make(AF_UNIX, SOCK_STREAM, 0)); /* nothing holds before */
    MUST(sandbox_enter(s) == 0);
    MUST(!can_make(AF_UNIX, SOCK_STREAM, 0)); /* PostgreSQL knows who we are by one */
    MUST(!can_make(AF_UNIX, SOCK_DGRAM, 0));
    MUST(!can_make(AF_VSOCK, SOCK_STREAM, 0));
    MUST(!can_make(AF_PACKET, SOCK_DGRAM, 0));
    MUST(!can_make(AF_INET, SOCK_STREAM, IPPROTO_MPTCP));
    MUST(!can_make(AF_INET6, SOCK_STREAM, IPPROTO_SCTP));
    MUST(!can_make(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP));
    MUST(!can_make(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    MUST(can_make(AF_INET, SOCK_STREAM, 0) == tcp);
    MUST(can_make(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP) == tcp);
    MUST(can_make(AF_INET, SOCK_DGRAM, 0) == udp);
    MUST(can_make(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) == udp);
    MUST(!can_make(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
    MUST(can_make(AF_NETLINK, SOCK_RAW, 0) == udp);       /* which addresses this host has */
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0); /* rsync's own */
    return 0;
}

static int check_no_sockets(struct sandbox *s)
{
    s->sockets = SANDBOX_NO_SOCKETS;
    return check_sockets(s, false, false);
}

static int check_tcp(struct sandbox *s)
{
    s->sockets = SANDBOX_TCP;
    return check_sockets(s, true, false);
}

static int check_names(struct sandbox *s)
{
    s->sockets = SANDBOX_TCP_UDP;
    return check_sockets(s, true, true);
}

static void takes_sockets_away(void **state)
{
    (void)state;
#ifdef SOCKETS_ARE_LIMITED
    assert_int_equal(in_child(check_no_sockets), 0);
    assert_int_equal(in_child(check_tcp), 0);
    assert_int_equal(in_child(check_names), 0);
#else
    skip();
#endif
}

/* A socket that listens on some port of 127.0.0.1. */
static int listen_somewhere(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 4) ||
        getsockname(fd, (struct sockaddr *)&at, &len))
        return -1;
    *port = ntohs(at.sin_port);
    return fd;
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int rc = connect(fd, (struct sockaddr *)&to, sizeof to), number = errno;
    close(fd);
    errno = number;
    return rc;
}

/* A connection that is made by its first data, so by no connect(). */
static int send_to(uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct iovec data = {(char *)(uintptr_t) "x", 1};
    struct mmsghdr message = {
        .msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &data, .msg_iovlen = 1}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool sent = sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to) >= 0 ||
                sendmsg(fd, &message.msg_hdr, MSG_FASTOPEN) >= 0 ||
                sendmmsg(fd, &message, 1, MSG_FASTOPEN) > 0;
    close(fd);
    return sent ? 0 : -1;
}

static uint16_t allowed_port, other_port;

static int check_alone(struct sandbox *s)
{
    struct sandbox inner;
    struct err e;
    const char *const writable[] = {path("write"), NULL};
    const uint16_t ports[] = {allowed_port, 0};
    const struct sandbox_rules rules = {
        .writable = writable, .plain_files = true, .ports = ports, .alone = true};
    uint16_t unused;
    sandbox_close(s);
    MUST(sandbox_open(&inner, &rules, &e) == 0);
    MUST(connect_to(other_port) == 0 && kill(getppid(), 0) == 0); /* nothing holds before */
    inner.sockets = SANDBOX_TCP;
    MUST(sandbox_enter(&inner) == 0);
    MUST(can_open("write/g", O_WRONLY | O_CREAT));
    MUST(symlink("/", path("write/link")) != 0 && errno == EACCES);
    MUST(mkfifo(path("write/fifo"), 0600) != 0);
    MUST(mkdir(path("write/d"), 0700) == 0);
    if (sandbox_can(SANDBOX_PORTS)) {
        MUST(connect_to(allowed_port) == 0);
        MUST(connect_to(other_port) != 0 && errno == EACCES);
        MUST(listen_somewhere(&unused) < 0);
#ifdef SOCKETS_ARE_LIMITED
        MUST(send_to(allowed_port) != 0);
        MUST(send_to(other_port) != 0);
        MUST(listen(socket(AF_INET, SOCK_STREAM, 0), 1) !=
             0); /* on a port of the kernel's choice */
#endif
    }
    if (sandbox_can(SANDBOX_ALONE)) {
        MUST(kill(getppid(), 0) != 0 && errno == EPERM);
        pid_t child = fork();
        if (child == 0)
            for (;;)
                pause();
        MUST(kill(child, SIGKILL) == 0); /* rsync's own */
        MUST(waitpid(child, NULL, 0) == child);
    }
    return 0;
}

static void leaves_alone_what_is_outside(void **state)
{
    (void)state;
    if (!sandbox_available()) {
        print_message("this kernel has no Landlock\n");
        skip();
    }
    int one = listen_somewhere(&allowed_port), two = listen_somewhere(&other_port);
    assert_true(one >= 0 && two >= 0);
    assert_int_equal(in_child(check_alone), 0);
    close(one);
    close(two);
}

static int check_size(struct sandbox *s)
{
    char piece[1000] = {0};
    s->file_max_bytes = 1500;
    MUST(sandbox_enter(s) == 0);
    int fd = open(path("write/large"), O_WRONLY | O_CREAT, 0644);
    MUST(write(fd, piece, sizeof piece) == sizeof piece);
    MUST(write(fd, piece, sizeof piece) == 500);
    MUST(write(fd, piece, sizeof piece) < 0); /* the signal comes first */
    return 0;
}

static int check_memory(struct sandbox *s)
{
    s->memory_max_bytes = (int64_t)256 << 20;
    MUST(sandbox_enter(s) == 0);
    void *little = malloc((size_t)1 << 20), *much = malloc((size_t)512 << 20);
    MUST(little && !much);
    free(little);
    return 0;
}

static void limits_memory(void **state)
{
    (void)state;
#if defined __SANITIZE_ADDRESS__
    skip(); /* it maps terabytes for itself */
#endif
    assert_int_equal(in_child(check_memory), 0);
}

static int check_lower(struct sandbox *s)
{
    /* room for the counters of `make coverage`, which are written at the end */
    const struct rlimit lower = {1 << 20, 1 << 20};
    struct rlimit now;
    MUST(setrlimit(RLIMIT_FSIZE, &lower) == 0);
    MUST(setuid(65534) == 0 || getuid() != 0); /* root may raise a limit */
    s->file_max_bytes = 2 << 20;
    MUST(sandbox_enter(s) == 0);
    MUST(getrlimit(RLIMIT_FSIZE, &now) == 0 && now.rlim_cur == lower.rlim_cur &&
         now.rlim_max == lower.rlim_max);
    return 0;
}

static void keeps_a_lower_limit(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_lower), 0);
}

static void limits_a_file(void **state)
{
    (void)state;
    int status = in_child(check_size);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGXFSZ);
}

static void holds_for_a_program(void **state)
{
    const struct sandbox_rules rules = {.plain_files = false};
    const char *const argv[] = {"cat", path("secret"), NULL};
    struct sandbox s;
    struct proc_result r;
    struct err e;
    (void)state;
    if (!sandbox_available())
        skip();
    assert_int_equal(sandbox_open(&s, &rules, &e), 0);
    struct proc_spec spec = {.argv = argv, .sandbox = &s};
    assert_int_equal(proc_run(&spec, &r, &e), 0);
    assert_int_equal(r.exit_code, 1);
    assert_non_null(strstr(buf_str(&r.err), "Permission denied"));
    proc_result_free(&r);
    sandbox_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_rights_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_sockets_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_alone_what_is_outside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_a_lower_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(limits_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(holds_for_a_program, set_up, tear_down),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(&arena);
    return failed;
}
