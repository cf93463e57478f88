// SPDX-License-Identifier: Apache-2.0
#include "core/archive/transfer.h"

#include <ctype.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/lock.h"
#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/base/proc.h"

/* Nothing read and nothing written: given up. core/config/mirrors.c documents it. */
#define STALL_MS      60000
#define RSYNC_DEPTH   2 /* its receiver is a child, and at a local path the sender's, too */
#define CONNECT_S     "15"
#define MEMORY_MAX    ((int64_t)2 << 30) /* a list of millions of names ends rsync, not us */
#define NAMES_AT_ONCE 1000 /* rsync looks each name up in the whole list: its time is quadratic */
#define ENTRIES_EACH  16   /* a file, its folders and what is on its way to it: for each name */
#define ENTRIES_MORE  1000
#define SAID_MAX      ((size_t)64 << 10)
#define LOOK_SHARE    20 /* looking at the folder takes a twentieth of the time at most */
#define OVERHEAD_BYTES                                                                             \
    ((int64_t)16 << 20) /* above what was announced, before a host is cut off                      \
                         */

/* What lies in the folder that a transfer writes. Nothing that the host says counts: rsync prints
 * what the other side sends as its own lines. */
struct amount {
    int64_t bytes, files, entries;
};

struct meter {
    struct transfer *t;
    const struct transfer_step *step;
    struct amount before, now; /* of the step */
    int64_t looked_ms, look_at_ms;
    int64_t received; /* over the wire, as rsync says at the end */
    int64_t read;     /* by rsync's processes so far */
    bool over;
    bool unreached; /* no connection was made: another address may do */
};

/* rsync's temporary files and what .partial holds have bytes, but are no files yet. */
static struct amount measure(const char *folder)
{
    struct amount sum = {0, 0, 0};
    char *const paths[] = {(char *)(uintptr_t)folder, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *f; walk && (f = fts_read(walk));) {
        sum.entries += f->fts_info != FTS_DP;
        if (f->fts_info != FTS_F)
            continue;
        sum.bytes += f->fts_statp->st_size;
        sum.files += f->fts_name[0] != '.' && f->fts_parent->fts_name[0] != '.' &&
                     f->fts_statp->st_mtime != TRANSFER_SEED_TIME;
    }
    if (walk)
        fts_close(walk);
    return sum;
}

static int64_t grown(const struct meter *m)
{
    int64_t bytes = m->now.bytes - m->before.bytes;
    return bytes > 0 ? bytes : 0; /* less: a seed gave way to something shorter */
}

/* Bytes, percent and rate as a note to the number of files. */
static void tell(const struct meter *m, double bytes_a_second)
{
    char note[96];
    const struct watch *w = m->t->watch;
    double all = (double)m->step->bytes, done = (double)grown(m), rate = bytes_a_second / 1e6;
    int64_t files = m->now.files - m->before.files;
    if (!w)
        return;
    if (m->step->bytes > 0)
        snprintf(note, sizeof note, "files|%.1f of %.1f MB, %d %%, %.2f MB/s", done / 1e6,
                 all / 1e6, done >= all ? 100 : (int)(100 * done / all), rate);
    else
        snprintf(note, sizeof note, "files|%.1f MB, %.2f MB/s", done / 1e6, rate);
    w->progress(w->data, files > 0 ? files : 0, (int64_t)m->step->count, note);
}

/* Whether something came, and whether it is too much. */
static bool look(struct meter *m)
{
    int64_t start = clock_monotonic_ms(), was = m->now.bytes, was_files = m->now.files;
    m->now = measure(m->step->to);
    int64_t end = clock_monotonic_ms(), took = end - start;
    bool alive = m->now.bytes != was || m->now.files != was_files;
    double seconds = (double)(start - m->looked_ms) / 1000;
    m->over =
        (m->step->bytes > 0 && grown(m) > m->step->bytes + OVERHEAD_BYTES) ||
        m->t->written + grown(m) > m->t->mirror->limit_bytes ||
        m->now.entries - m->before.entries > ENTRIES_EACH * (int64_t)m->step->count + ENTRIES_MORE;
    if (alive)
        tell(m, m->now.bytes > was && seconds > 0 ? (double)(m->now.bytes - was) / seconds : 0);
    m->looked_ms = start;
    m->look_at_ms = end + LOOK_SHARE * took;
    return alive;
}

/* A file of /proc, as text. */
static bool read_proc(pid_t pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* Bytes that rsync has read, the child and what it has forked. They count at once, where a file
 * grows by pieces of 256 KB: a link of a few bytes a second is slow and no stall. Not ssh's, which
 * asks a host that sends nothing whether it is there. */
static int64_t read_by(pid_t pid, int depth)
{
    char name[32], io[256], path[48], children[1024], *end;
    int64_t sum = 0;
    if (!read_proc(pid, "comm", name, sizeof name) || strcmp(name, "rsync\n") != 0)
        return 0;
    if (read_proc(pid, "io", io, sizeof io) && strncmp(io, "rchar: ", 7) == 0)
        sum = strtoll(io + 7, NULL, 10);
    snprintf(path, sizeof path, "task/%ld/children", (long)pid);
    if (depth == 0 || !read_proc(pid, path, children, sizeof children))
        return sum;
    char *at = children;
    for (long child; (child = strtol(at, &end, 10)) > 0; at = end)
        sum += read_by((pid_t)child, depth - 1);
    return sum;
}

static int on_watch(void *data, pid_t child, bool *alive)
{
    struct meter *m = data;
    int64_t was = m->read;
    if (clock_monotonic_ms() >= m->look_at_ms)
        *alive = look(m);
    m->read = read_by(child, RSYNC_DEPTH);
    if (m->read != was)
        *alive = true;
    return m->over;
}

/* "sent 123 bytes  received 1,234 bytes  ..." */
static bool read_received(const char *line, int64_t *received)
{
    const char *at = strncmp(line, "sent ", 5) == 0 ? strstr(line, "  received ") : NULL;
    if (!at)
        return false;
    *received = 0;
    for (at += 11; isdigit((unsigned char)*at) || *at == ','; at++)
        if (*at != ',' && *received < INT64_MAX / 20)
            *received = *received * 10 + (*at - '0');
    return true;
}

static int take_line(void *data, const char *line, size_t len)
{
    struct meter *m = data;
    if (!read_received(line, &m->received) && strncmp(line, "total size is ", 14) != 0 && len &&
        m->t->said.len < SAID_MAX)
        buf_addf(&m->t->said, "%s\n", line);
    return 0;
}

/* rsync splits it at spaces and takes quotes; it is no shell. */
static const char *ssh_command(struct arena *a, const struct config_mirror *m,
                               const struct address *at, const char *number)
{
    const char *text =
        "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes"
        " -o IdentitiesOnly=yes -o PasswordAuthentication=no"
        " -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no"
        " -o ForwardAgent=no -o PermitLocalCommand=no"
        " -o ConnectTimeout=" CONNECT_S " -o ServerAliveInterval=15 -o ServerAliveCountMax=3";
    if (m->ssh_known_hosts)
        text = arena_printf(a, "%s -o 'UserKnownHostsFile=\"%s\"'", text, m->ssh_known_hosts);
    if (m->ssh_key)
        text = arena_printf(a, "%s -i '%s'", text, m->ssh_key);
    /* a percent sign: of an IPv6 address with its interface */
    size_t len = strcspn(number, "%");
    return arena_printf(a, "%s -o HostKeyAlias=%s -o HostName=%.*s%s%s", text, at->host, (int)len,
                        number, number[len] ? "%" : "", number + len);
}

/* Where from, with the number in the place of a daemon's name. Always the root: rsync daemons of
 * 3.5.0 find nothing of a list below a folder of the module. */
static const char *source_of(struct arena *a, const char *from, const struct address *at,
                             const char *number)
{
    if (at->kind == ADDRESS_DAEMON)
        from = arena_printf(a, strchr(number, ':') ? "rsync://%s[%s]:%d%s" : "rsync://%s%s:%d%s",
                            at->user, number, at->port, at->path);
    size_t len = strlen(from);
    while (len > 1 && from[len - 1] == '/')
        len--;
    return arena_printf(a, "%.*s/", (int)len, from);
}

static int check_source(const struct config_mirror *m, const struct address *at, struct err *e)
{
    if (m->from[0] == '-')
        return err_set(e, ERR_INPUT, "the mirror's address begins with '-'");
    if (at->host && (*at->host == '-' || strpbrk(at->host, "'\" \n")))
        return err_set(e, ERR_INPUT, "the mirror's address names no host");
    if (at->kind != ADDRESS_SSH)
        return 0;
    if (!m->ssh_key || !m->ssh_known_hosts)
        return err_set(e, ERR_INPUT, "a mirror over ssh needs ssh.key and ssh.known-hosts");
    if (strpbrk(m->ssh_key, "'\"\n") || strpbrk(m->ssh_known_hosts, "'\"\n"))
        return err_set(e, ERR_INPUT, "quotes in the path of an ssh key or known-hosts file");
    return 0;
}

static const char *const *make_argv(struct arena *a, const struct transfer *t,
                                    const struct transfer_step *step)
{
    const struct config_mirror *m = t->mirror;
    const struct address at = address_read(a, m->from);
    const char *number = t->addresses[t->address];
    const char **argv = arena_alloc(a, 32 * sizeof *argv);
    int n = 0;
    argv[n++] = "rsync";
    argv[n++] = "--files-from=-"; /* names come on stdin, one NUL after each, never as arguments */
    argv[n++] = "--from0";
    argv[n++] = "--no-implied-dirs";
    argv[n++] = "--times";
    argv[n++] = "--partial-dir=.partial"; /* where a transfer that was cut off goes on */
    argv[n++] = "--info=stats1,name0";
    argv[n++] = "--outbuf=L";
    argv[n++] = "--protect-args";
    argv[n++] = arena_printf(a, "--max-size=%" PRId64, step->file_max);
    if (step->anew)
        argv[n++] = "--ignore-times";
    if (at.kind == ADDRESS_DAEMON) {
        argv[n++] = "--contimeout=" CONNECT_S;
        argv[n++] = "--sockopts=TCP_NODELAY"; /* else each question waits 40 ms for an ACK */
    }
    if (at.kind == ADDRESS_SSH) {
        argv[n++] = "-e";
        argv[n++] = ssh_command(a, m, &at, number);
    }
    argv[n++] = "--";
    argv[n++] = source_of(a, m->from, &at, number);
    argv[n++] = arena_printf(a, "%s/", step->to);
    argv[n] = NULL;
    return argv;
}

struct words {
    const char *words;
    enum err_code code;
    const char *sentence;
};

/* In this order: the first that was said counts. */
static const struct words known_words[] = {
    {"No space left on device", ERR_SYSTEM,
     "the archive's disk is full: what was published is served on"},
    {"Disk quota exceeded", ERR_SYSTEM,
     "the archive's disk is full: what was published is served on"},
    {"Host key verification failed", ERR_DENIED, "the build host's ssh key is not the known one"},
    {"Unknown module", ERR_DENIED, "the build host has no such rsync module"},
    {"auth failed", ERR_DENIED, "the build host's rsync daemon wants a password"},
    {"access denied", ERR_DENIED, "the build host's rsync daemon does not let us in"},
    {"Permission denied (", ERR_DENIED, "the build host does not let our ssh key in"},
    {"max connections", ERR_TRANSIENT, "the build host's rsync daemon has too many connections"},
    {"onnection refused", ERR_TRANSIENT, "the build host refused the connection"},
    {"Name or service not known", ERR_TRANSIENT, "the build host's name is unknown"},
    {"Temporary failure in name resolution", ERR_TRANSIENT, "the build host's name is unknown"},
    {"No address associated with hostname", ERR_TRANSIENT, "the build host's name is unknown"},
    {"Could not resolve hostname", ERR_TRANSIENT, "the build host's name is unknown"},
    {"No route to host", ERR_TRANSIENT, "there is no way to the build host"},
    {"Network is unreachable", ERR_TRANSIENT, "there is no way to the build host"},
    {"onnection timed out", ERR_TRANSIENT, "the build host did not answer in time"},
    {"out of memory", ERR_INPUT, "the build host sends a list of files without end"},
    {"overflow", ERR_INPUT, "the build host sends a list of files without end"},
};

/* rsync(1), EXIT VALUES; 255 is ssh's. */
static const struct {
    int code;
    enum err_code kind;
    const char *sentence;
} exit_codes[] = {
    {1, ERR_INPUT, "rsync was called in a wrong way"},
    {2, ERR_INPUT, "the build host's rsync speaks another protocol"},
    {3, ERR_INPUT, "rsync could not find the build host's folder"},
    {4, ERR_INPUT, "the build host's rsync cannot do what was asked"},
    {5, ERR_TRANSIENT, "the build host's rsync did not start the transfer"},
    {10, ERR_TRANSIENT, "the connection to the build host failed"},
    {11, ERR_SYSTEM, "files could not be written here"},
    {12, ERR_TRANSIENT, "the connection to the build host was cut off"},
    {20, ERR_TRANSIENT, "rsync was interrupted"},
    {22, ERR_INPUT, "the build host sends a list of files without end"},
    {30, ERR_TRANSIENT, "the build host sent nothing for too long"},
    {35, ERR_TRANSIENT, "the build host did not answer in time"},
    {127, ERR_TRANSIENT, "the build host has no rsync"},
    {255, ERR_TRANSIENT, "the ssh connection to the build host failed"},
};

int transfer_judge(int exit_code, const char *words, struct err *e)
{
    /* 23: some names are missing or unreadable; 24: some vanished; 25: a limit of ours */
    bool partial = exit_code == 23 || exit_code == 24 || exit_code == 25;
    if (exit_code == 0)
        return 0;
    for (size_t i = 0; i < sizeof known_words / sizeof *known_words; i++)
        if (strstr(words, known_words[i].words) && (!partial || i < 2))
            return err_set(e, known_words[i].code, "%s", known_words[i].sentence);
    if (partial)
        return 0;
    for (size_t i = 0; i < sizeof exit_codes / sizeof *exit_codes; i++)
        if (exit_codes[i].code == exit_code)
            return err_set(e, exit_codes[i].kind, "%s", exit_codes[i].sentence);
    return err_set(e, ERR_TRANSIENT, "rsync failed with exit code %d", exit_code);
}

static int judge(const struct meter *m, int rc, const struct proc_result *r, struct err *e)
{
    const char *words = buf_str(&r->err);
    if (m->over)
        err_set(e, ERR_INPUT, "the build host sends more than its limit or than it announced");
    else if (r->timed_out)
        err_set(e, ERR_TRANSIENT, "the transfer took longer than the mirror's limits.time");
    else if (r->stalled)
        err_set(e, ERR_TRANSIENT, "the build host stalled: the transfer made no progress");
    else if (rc)
        return -1;            /* could not be started, says why */
    else if (r->signal == 25) /* SIGXFSZ */
        err_set(e, ERR_INPUT, "the build host sends a file that is larger than announced");
    else if (r->signal)
        err_set(e, ERR_TRANSIENT, "rsync was ended by signal %d", r->signal);
    else if (transfer_judge(r->exit_code, words, e) == 0)
        return 0;
    return err_detail(e, words, (long)r->err.len);
}

/* Not connected, or not in time (rsync); ssh's own failure. */
static bool is_unreached(int exit_code)
{
    return exit_code == 10 || exit_code == 35 || exit_code == 255;
}

/* One call of rsync, for `count` of the step's names from `first` on. */
static int run_rsync(struct meter *m, size_t first, size_t count, const struct sandbox *sandbox,
                     struct arena *a, struct err *e)
{
    struct transfer *t = m->t;
    struct buf names = BUF_INIT;
    struct proc_result r = {0};
    int64_t left = t->deadline_ms - clock_monotonic_ms();
    if (left <= 0)
        return err_set(e, ERR_TRANSIENT, "the run took longer than the mirror's limits.time");
    for (size_t i = first; i < first + count; i++)
        buf_add(&names, m->step->names[i], strlen(m->step->names[i]) + 1);
    const int64_t had = grown(m);
    m->received = 0;
    m->looked_ms = clock_monotonic_ms();
    int64_t limit_ms = t->mirror->limit_time_s * 1000;
    struct proc_spec spec = {.argv = make_argv(a, t, m->step),
                             .dir = t->staging,
                             .input = names.data,
                             .input_len = names.len,
                             .keep_fds = t->keep_fds,
                             .deadline_ms = left,
                             .stall_ms = limit_ms / 4 < STALL_MS ? limit_ms / 4 + 1 : STALL_MS,
                             .sandbox = sandbox,
                             .on_line = take_line,
                             .on_watch = on_watch,
                             .data = m};
    int rc = proc_run(&spec, &r, e);
    look(m);
    m->unreached = rc == 0 && is_unreached(r.exit_code);
    rc = judge(m, rc, &r, e);
    if (t->said.len < SAID_MAX)
        buf_add(&t->said, buf_str(&r.err), r.err.len < SAID_MAX ? r.err.len : SAID_MAX);
    int64_t came = grown(m) > had ? grown(m) - had : 0;
    /* less came over the wire than was written, but for rsync's own talk */
    t->bytes += m->received > 0 && m->received < came + OVERHEAD_BYTES ? m->received : came;
    proc_result_free(&r);
    buf_free(&names);
    return rc;
}

/* The same at the host's other addresses, if it cannot be reached at one; what answers is kept.
 */
static int run_somewhere(struct meter *m, size_t first, size_t count, const struct sandbox *sandbox,
                         struct err *e)
{
    struct transfer *t = m->t;
    int rc = -1;
    for (size_t tried = 0; rc && (tried == 0 || (m->unreached && tried < t->address_count));
         tried++) {
        struct arena a = ARENA_INIT;
        if (tried > 0)
            t->address = (t->address + 1) % t->address_count;
        rc = run_rsync(m, first, count, sandbox, &a, e);
        arena_free(&a);
    }
    return rc;
}

static int run_all(struct transfer *t, const struct transfer_step *step,
                   const struct sandbox *sandbox, struct err *e)
{
    struct meter m = {.t = t, .step = step, .before = measure(step->to)};
    int rc = 0;
    m.now = m.before;
    buf_reset(&t->said);
    for (size_t first = 0; rc == 0 && first < step->count; first += NAMES_AT_ONCE) {
        size_t left = step->count - first;
        rc = run_somewhere(&m, first, left < NAMES_AT_ONCE ? left : NAMES_AT_ONCE, sandbox, e);
    }
    t->written += grown(&m);
    return rc;
}

/* Once in a run. */
static int look_up(struct transfer *t, const struct address *at, struct err *e)
{
    if (!at->host || t->address_count)
        return 0;
    t->address = 0;
    return address_look_up(at->host, t->keep_fds, t->deadline_ms - clock_monotonic_ms(),
                           t->addresses, &t->address_count, e);
}

static int run_in_sandbox(struct transfer *t, const struct transfer_step *step,
                          const struct address *at, struct err *e)
{
    struct sandbox sandbox;
    const struct config_mirror *m = t->mirror;
    /* not all of the staging: the keyring that the host's signature is checked with lies there */
    const char *readable[3] = {0}, *const writable[] = {step->to, NULL};
    const uint16_t ports[] = {at->port, 0};
    const struct sandbox_rules rules = {.readable = readable,
                                        .writable = writable,
                                        .plain_files = true,
                                        .ports = ports,
                                        .alone = true};
    int n = 0;

    if (at->kind == ADDRESS_PATH)
        readable[n++] = m->from;
    if (at->kind == ADDRESS_SSH) {
        readable[n++] = m->ssh_key;
        readable[n++] = m->ssh_known_hosts;
    }
    if (sandbox_open(&sandbox, &rules, e))
        return -1;
    sandbox.file_max_bytes = step->file_max + 65536;
    sandbox.memory_max_bytes = MEMORY_MAX;
    sandbox.sockets = at->host ? SANDBOX_TCP : SANDBOX_NO_SOCKETS;
    int rc = run_all(t, step, &sandbox, e);
    sandbox_close(&sandbox);
    return rc;
}

int transfer_fetch(struct transfer *t, const struct transfer_step *step, struct err *e)
{
    struct arena a = ARENA_INIT;
    const struct address at = address_read(&a, t->mirror->from);
    int rc = check_source(t->mirror, &at, e) || look_up(t, &at, e)
                 ? -1
                 : run_in_sandbox(t, step, &at, e);
    arena_free(&a);
    return rc;
}
