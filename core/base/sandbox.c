// SPDX-License-Identifier: Apache-2.0
#include "core/base/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights that came after the headers we build with; see landlock(7). */
#define RIGHT_REFER     (UINT64_C(1) << 13) /* ABI 2 */
#define RIGHT_TRUNCATE  (UINT64_C(1) << 14) /* ABI 3 */
#define RIGHT_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */
#define RIGHTS_ABI_1    ((UINT64_C(1) << 13) - 1)
#define NET_BIND_TCP    (UINT64_C(1) << 0) /* ABI 4 */
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define RULE_NET_PORT   2
#define SCOPE_ABSTRACT  (UINT64_C(1) << 0) /* ABI 6 */
#define SCOPE_SIGNAL    (UINT64_C(1) << 1)

/* of new things that are neither files nor folders; devices are nobody's */
#define RIGHTS_MAKE_DEVICE                                                                         \
    ((uint64_t)(LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK))
#define RIGHTS_MAKE_OTHER                                                                          \
    ((uint64_t)(LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                      \
                LANDLOCK_ACCESS_FS_MAKE_SYM))

/* As the kernel has them by now; each version takes them up to what it knows. */
struct ruleset_attr {
    uint64_t handled_access_fs, handled_access_net, scoped;
};
struct net_port_attr {
    uint64_t allowed_access, port;
};

#define RIGHTS_READ                                                                                \
    ((uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |                        \
                LANDLOCK_ACCESS_FS_READ_DIR))
/* what can be granted on something that is no folder */
#define RIGHTS_FILE                                                                                \
    ((uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |                        \
                LANDLOCK_ACCESS_FS_WRITE_FILE) |                                                   \
     RIGHT_TRUNCATE | RIGHT_IOCTL_DEV)

/* What dynamic linking, name resolution, TLS, ssh, gpg and apt's helpers read. Of /etc only what is
 * everybody's: the rest holds keys and secrets. */
static const char *const system_paths[] = {
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/gai.conf",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/protocols",
    "/run/systemd/resolve",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/gnutls",
    "/etc/crypto-policies",
    "/dev/urandom",
    NULL,
};

/* The build that counts lines (FLAVOR=cov) names the folder of its counters. */
#ifndef SANDBOX_COUNTERS
#define SANDBOX_COUNTERS NULL
#endif
static const char *const always_writable[] = {"/dev/null", SANDBOX_COUNTERS, NULL};

static int landlock_version(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* The first version forbids moving a file to another folder, whatever the rules say. */
bool sandbox_can(enum sandbox_can what)
{
    static const int since[] = {
        [SANDBOX_FILES] = 2, [SANDBOX_TRUNCATE] = 3, [SANDBOX_PORTS] = 4, [SANDBOX_ALONE] = 6};
    return landlock_version() >= since[what];
}

bool sandbox_available(void)
{
    return sandbox_can(SANDBOX_FILES);
}

static uint64_t known_rights(int version)
{
    return RIGHTS_ABI_1 | (version >= 2 ? RIGHT_REFER : 0) | (version >= 3 ? RIGHT_TRUNCATE : 0) |
           (version >= 5 ? RIGHT_IOCTL_DEV : 0);
}

static int allow(int ruleset, const char *path, uint64_t rights, struct err *e)
{
    struct stat st;
    int rc = -1, fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES
                   ? 0
                   : err_errno(e, "looking at %s", path);
    if (fstat(fd, &st) == 0) {
        struct landlock_path_beneath_attr rule = {
            .allowed_access = S_ISDIR(st.st_mode) ? rights : rights & RIGHTS_FILE,
            .parent_fd = fd,
        };
        rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    if (rc)
        err_errno(e, "limiting the rights to %s", path);
    close(fd);
    return rc;
}

static int allow_all(int ruleset, const char *const *paths, uint64_t rights, struct err *e)
{
    for (; paths && *paths; paths++)
        if (allow(ruleset, *paths, rights, e))
            return -1;
    return 0;
}

static int allow_ports(int ruleset, const uint16_t *ports, struct err *e)
{
    for (; ports && *ports; ports++) {
        struct net_port_attr rule = {NET_CONNECT_TCP, *ports};
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0))
            return err_errno(e, "limiting the ports of a process");
    }
    return 0;
}

static size_t attr_size(void)
{
    return sandbox_can(SANDBOX_ALONE)   ? sizeof(struct ruleset_attr)
           : sandbox_can(SANDBOX_PORTS) ? offsetof(struct ruleset_attr, scoped)
                                        : offsetof(struct ruleset_attr, handled_access_net);
}

int sandbox_open(struct sandbox *s, const struct sandbox_rules *rules, struct err *e)
{
    *s = (struct sandbox){.ruleset = -1};
    if (!sandbox_available())
        return 0;
    uint64_t rights = known_rights(landlock_version());
    if (rules->reads_all)
        rights &= ~(RIGHTS_READ | RIGHT_IOCTL_DEV);
    uint64_t writing = rights & ~RIGHTS_MAKE_DEVICE & ~(rules->plain_files ? RIGHTS_MAKE_OTHER : 0);
    bool ports = rules->ports && sandbox_can(SANDBOX_PORTS);
    struct ruleset_attr attr = {
        .handled_access_fs = rights,
        .handled_access_net = ports ? NET_BIND_TCP | NET_CONNECT_TCP : 0,
        .scoped = rules->alone ? SCOPE_ABSTRACT | SCOPE_SIGNAL : 0,
    };
    s->ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, attr_size(), 0);
    if (s->ruleset < 0)
        return err_errno(e, "limiting the rights of a process");
    fcntl(s->ruleset, F_SETFD, FD_CLOEXEC);
    if ((!rules->reads_all && (allow_all(s->ruleset, system_paths, RIGHTS_READ, e) ||
                               allow_all(s->ruleset, rules->readable, RIGHTS_READ, e))) ||
        allow_all(s->ruleset, always_writable, RIGHTS_FILE & rights, e) ||
        allow_all(s->ruleset, rules->writable, writing, e) ||
        (ports && allow_ports(s->ruleset, rules->ports, e))) {
        sandbox_close(s);
        return -1;
    }
    return 0;
}

/* Only downwards: an admin's own limit may be lower already. */
static int limit(__rlimit_resource_t what, int64_t value)
{
    struct rlimit r;
    if (getrlimit(what, &r))
        return -1;
    if (r.rlim_max > (rlim_t)value) /* also RLIM_INFINITY, the largest number */
        r.rlim_max = (rlim_t)value;
    r.rlim_cur = r.rlim_max;
    return setrlimit(what, &r);
}

/* Where socket() is a system call of its own, with the lower half of an argument first. */
#if defined __x86_64__
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define OUR_ARCH AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define OUR_ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef OUR_ARCH
/* clang-format off */
#define LOAD(field)         BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define KEEP(bits)          BPF_STMT(BPF_ALU | BPF_AND | BPF_K, bits)
#define DENY                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES)
#define ALLOW               BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IF(value, n)        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, n) /* else pass n over */
#define IF_BITS(bits, n)    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, n)
#define IF_ABOVE(value, n)  BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, value, 0, n)
#define SKIP_IF(value, n)   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, n, 0)
#define TYPE_BITS           0xf /* of socket()'s second argument; the others are flags */

/* What goes round the rules for socket() and for connect(): calls of another table (x32's have
 * numbers above 2^30) or by io_uring, a connection made by its first data, and listening on a port
 * of the kernel's choice, which no bind() asked for. */
static const struct sock_filter ways_round[] = {
    LOAD(arch), SKIP_IF(OUR_ARCH, 1), DENY,
    LOAD(nr),
    IF_ABOVE((1u << 30) - 1, 1), DENY,
    IF(SYS_io_uring_setup, 1), DENY,
    IF(SYS_listen, 1), DENY,
    IF(SYS_sendto, 4), LOAD(args[3]), IF_BITS(MSG_FASTOPEN, 1), DENY, ALLOW,
    IF(SYS_sendmmsg, 4), LOAD(args[3]), IF_BITS(MSG_FASTOPEN, 1), DENY, ALLOW,
    IF(SYS_sendmsg, 4), LOAD(args[2]), IF_BITS(MSG_FASTOPEN, 1), DENY, ALLOW,
    ALLOW,
};

static const struct sock_filter no_sockets[] = {
    LOAD(nr), IF(SYS_socket, 1), DENY, ALLOW,
};

static const struct sock_filter tcp[] = {
    LOAD(nr), SKIP_IF(SYS_socket, 1), ALLOW,
    LOAD(args[0]), SKIP_IF(AF_INET, 2), SKIP_IF(AF_INET6, 1), DENY,
    LOAD(args[1]), KEEP(TYPE_BITS), SKIP_IF(SOCK_STREAM, 1), DENY,
    LOAD(args[2]), SKIP_IF(0, 2), SKIP_IF(IPPROTO_TCP, 1), DENY,
    ALLOW,
};

static const struct sock_filter tcp_udp[] = {
    LOAD(nr), SKIP_IF(SYS_socket, 1), ALLOW,
    LOAD(args[0]), IF(AF_NETLINK, 1), ALLOW, /* glibc asks which addresses this host has */
    SKIP_IF(AF_INET, 2), SKIP_IF(AF_INET6, 1), DENY,
    LOAD(args[1]), KEEP(TYPE_BITS), SKIP_IF(SOCK_STREAM, 2), SKIP_IF(SOCK_DGRAM, 1), DENY,
    LOAD(args[2]), SKIP_IF(0, 3), SKIP_IF(IPPROTO_TCP, 2), SKIP_IF(IPPROTO_UDP, 1), DENY,
    ALLOW,
};
/* clang-format on */

#define PROGRAM(rules)                                                                             \
    {                                                                                              \
        sizeof rules / sizeof *rules, (struct sock_filter *)(uintptr_t)rules                       \
    }

/* EINVAL: this kernel has no filters. */
static int set_filter(const struct sock_fprog *program)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0) && errno != EINVAL ? -1 : 0;
}
#endif

/* The database knows our user by a local socket: what has taken over a program in the sandbox would
 * be the worker to it. Landlock says nothing of those, and its rules for ports nothing of MPTCP,
 * SCTP and UDP. Of several filters the strictest holds. */
static int limit_sockets(enum sandbox_sockets sockets)
{
#ifdef OUR_ARCH
    static const struct sock_fprog always = PROGRAM(ways_round),
                                   filters[] = {[SANDBOX_NO_SOCKETS] = PROGRAM(no_sockets),
                                                [SANDBOX_TCP] = PROGRAM(tcp),
                                                [SANDBOX_TCP_UDP] = PROGRAM(tcp_udp)};
    if (sockets != SANDBOX_ALL_SOCKETS)
        return set_filter(&always) || set_filter(&filters[sockets]) ? -1 : 0;
#else
    (void)sockets;
#endif
    return 0;
}

int sandbox_enter(const struct sandbox *s)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || limit(RLIMIT_CORE, 0))
        return -1;
    if (s->file_max_bytes > 0 && limit(RLIMIT_FSIZE, s->file_max_bytes))
        return -1;
    if (s->memory_max_bytes > 0 && limit(RLIMIT_AS, s->memory_max_bytes))
        return -1;
    if (s->ruleset >= 0 && syscall(SYS_landlock_restrict_self, s->ruleset, 0))
        return -1;
    return limit_sockets(s->sockets);
}

void sandbox_close(struct sandbox *s)
{
    if (s->ruleset >= 0)
        close(s->ruleset);
    s->ruleset = -1;
}
