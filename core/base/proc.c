// SPDX-License-Identifier: Apache-2.0
#include "core/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"

#define OUTPUT_DEFAULT ((size_t)1 << 20)
#define KILL_GRACE_MS  1000 /* from SIGTERM to SIGKILL: rsync removes its temporary file */
#define WATCH_MS       1000
#define DRAIN_MS       1000 /* for descendants that outlive the child and hold its pipes */
#define DEFAULT_PATH   "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct run {
    const struct proc_spec *spec;
    struct proc_result *result;
    pid_t pid;
    int pidfd, in, out, err; /* -1 if closed */
    size_t written, output_max;
    struct buf line;
    int64_t deadline, last_output, kill_at, drain_until; /* monotonic ms; 0: not set */
    int64_t watch_at;
    bool exited, terminated, killed;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* In the child, up to exec. Only async-signal-safe calls. Never returns. */
static void child_exec(const struct proc_spec *spec, char *const *env, const int fds[3], int report,
                       pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    sigset_t none;
    sigemptyset(&none);
    for (int i = 1; i < 32; i++)
        if (i != SIGKILL && i != SIGSTOP)
            signal(i, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    bool ok = true;
    for (int i = 0; i < 3; i++)
        ok = ok && dup2(fds[i], i) >= 0;
    ok = ok && close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    for (const int *keep = spec->keep_fds; ok && keep && *keep >= 0; keep++)
        ok = fcntl(*keep, F_SETFD, 0) == 0;
    ok = ok && chdir(spec->dir ? spec->dir : "/") == 0;
    ok = ok && (!spec->sandbox || sandbox_enter(spec->sandbox) == 0);
    if (ok)
        execvpe(spec->argv[0], (char *const *)spec->argv, env);
    int number = errno;
    ssize_t ignored = write(report, &number, sizeof number);
    (void)ignored;
    _exit(127);
}

/* A descriptor above 2, as the child's dup2 calls must not overwrite each other's source. */
static int above_standard(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return moved;
}

static int make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0) {
        ends[0] = ends[1] = -1;
        return -1;
    }
    ends[0] = above_standard(ends[0]);
    ends[1] = above_standard(ends[1]);
    return ends[0] < 0 || ends[1] < 0 ? -1 : 0;
}

/* Reads errno of a failed exec; 0 if the exec went well (the pipe closed by it). */
static int exec_errno(int fd)
{
    int number = 0;
    ssize_t n;
    do
        n = read(fd, &number, sizeof number);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof number ? number : 0;
}

static pid_t fork_child(const struct proc_spec *spec, const int fds[3], int report)
{
    const char *path = getenv("PATH");
    struct buf path_entry = BUF_INIT;
    buf_addf(&path_entry, "PATH=%s", path && *path ? path : DEFAULT_PATH);
    char *const plain[] = {path_entry.data, (char *)"LC_ALL=C.UTF-8", (char *)"TZ=UTC", NULL};
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        child_exec(spec, spec->env ? (char *const *)spec->env : plain, fds, report, parent);
    buf_free(&path_entry);
    return pid;
}

static int start(struct run *r, struct err *e)
{
    const struct proc_spec *spec = r->spec;
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1}, report[2] = {-1, -1};
    int rc = -1;
    if (spec->input ? make_pipe(in) != 0
                    : (in[0] = above_standard(open("/dev/null", O_RDONLY | O_CLOEXEC))) < 0) {
        err_errno(e, "open the input of %s", spec->argv[0]);
        goto out;
    }
    if (make_pipe(out) != 0 || make_pipe(err) != 0 || make_pipe(report) != 0) {
        err_errno(e, "open pipes for %s", spec->argv[0]);
        goto out;
    }
    r->pid = fork_child(spec, (const int[3]){in[0], out[1], err[1]}, report[1]);
    if (r->pid < 0) {
        err_errno(e, "fork for %s", spec->argv[0]);
        goto out;
    }
    close_fd(&report[1]);
    int number = exec_errno(report[0]);
    if (number != 0) {
        waitpid(r->pid, NULL, 0);
        r->pid = -1;
        errno = number;
        err_errno(e, "start %s", spec->argv[0]);
        goto out;
    }
    r->pidfd = pidfd_open(r->pid, 0);
    if (r->pidfd < 0) {
        err_errno(e, "watch %s", spec->argv[0]);
        kill(r->pid, SIGKILL);
        waitpid(r->pid, NULL, 0);
        goto out;
    }
    r->in = in[1], r->out = out[0], r->err = err[0];
    in[1] = out[0] = err[0] = -1;
    if (r->in >= 0)
        fcntl(r->in, F_SETFL, O_NONBLOCK);
    fcntl(r->out, F_SETFL, O_NONBLOCK);
    fcntl(r->err, F_SETFL, O_NONBLOCK);
    rc = 0;
out:
    for (int i = 0; i < 2; i++) {
        close_fd(&in[i]);
        close_fd(&out[i]);
        close_fd(&err[i]);
        close_fd(&report[i]);
    }
    return rc;
}

static void kill_child(struct run *r, int sig)
{
    if (!r->exited)
        kill(r->pid, sig);
}

/* SIGTERM now, SIGKILL a moment later. */
static void stop_child(struct run *r)
{
    if (r->terminated)
        return;
    r->terminated = true;
    r->kill_at = clock_monotonic_ms() + KILL_GRACE_MS;
    kill_child(r, SIGTERM);
}

static void write_input(struct run *r)
{
    while (r->in >= 0) {
        size_t left = r->spec->input_len - r->written;
        ssize_t n = left ? write(r->in, (const char *)r->spec->input + r->written, left) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n > 0)
            r->written += (size_t)n;
        if (n <= 0) /* all written, or a child that reads no more, which is its own affair */
            close_fd(&r->in);
    }
}

static void give_line(struct run *r)
{
    if (!r->result->cancelled &&
        r->spec->on_line(r->spec->data, buf_str(&r->line), r->line.len) != 0) {
        r->result->cancelled = true;
        stop_child(r);
    }
    buf_reset(&r->line);
}

static void take_lines(struct run *r, const char *data, size_t len)
{
    for (const char *end = data + len; data < end;) {
        const char *stop = data;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        size_t n = (size_t)(stop - data);
        if (r->line.len + n > r->output_max)
            n = r->line.len < r->output_max ? r->output_max - r->line.len : 0;
        buf_add(&r->line, data, n);
        if (stop < end)
            give_line(r);
        data = stop + 1;
    }
}

static void keep_end(struct buf *b, size_t max)
{
    if (b->len <= max)
        return;
    memmove(b->data, b->data + (b->len - max), max);
    b->len = max;
    b->data[max] = '\0';
}

static void give_data(struct run *r, const char *piece, size_t len)
{
    if (!r->result->cancelled && r->spec->on_data(r->spec->data, piece, len) != 0) {
        r->result->cancelled = true;
        stop_child(r);
    }
}

static void read_output(struct run *r, int *fd, struct buf *into)
{
    bool lines = fd == &r->out && r->spec->on_line, data = fd == &r->out && r->spec->on_data;
    char chunk[16384];
    for (;;) {
        ssize_t n = read(*fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) {
            close_fd(fd);
            if (lines && r->line.len)
                give_line(r);
            return;
        }
        if (fd == &r->out && !r->spec->on_watch)
            r->last_output = clock_monotonic_ms();
        if (lines) {
            take_lines(r, chunk, (size_t)n);
        } else if (data) {
            give_data(r, chunk, (size_t)n);
        } else {
            buf_add(into, chunk, (size_t)n);
            if (into->len > 2 * r->output_max)
                keep_end(into, r->output_max);
        }
        if (r->killed || r->exited)
            continue;
        return; /* one piece per round: deadlines are looked at between */
    }
}

/* Asks on_watch when its time has come; returns when it comes next. */
static int64_t watch(struct run *r, int64_t now)
{
    bool alive = false;
    if (now < r->watch_at)
        return r->watch_at;
    int rc = r->spec->on_watch(r->spec->data, r->pid, &alive);
    now = clock_monotonic_ms();
    if (alive)
        r->last_output = now;
    if (rc) {
        r->result->cancelled = true;
        stop_child(r);
    }
    r->watch_at = now + WATCH_MS;
    return r->watch_at;
}

/* Looks at the clock; returns milliseconds until the next thing to do, -1 for none. */
static int check_clock(struct run *r)
{
    int64_t now = clock_monotonic_ms(), next = INT64_MAX;
    if (!r->exited && !r->terminated && r->deadline) {
        if (now >= r->deadline) {
            r->result->timed_out = true;
            stop_child(r);
        } else if (r->deadline < next) {
            next = r->deadline;
        }
    }
    if (!r->exited && !r->terminated && r->spec->on_watch) {
        int64_t at = watch(r, now);
        if (at < next)
            next = at;
    }
    if (!r->exited && !r->terminated && r->spec->stall_ms > 0) {
        int64_t stalls = r->last_output + r->spec->stall_ms;
        if (now >= stalls) {
            r->result->stalled = true;
            stop_child(r);
        } else if (stalls < next) {
            next = stalls;
        }
    }
    if (r->kill_at && !r->killed) {
        if (now >= r->kill_at) {
            r->killed = true;
            kill_child(r, SIGKILL);
        } else if (r->kill_at < next) {
            next = r->kill_at;
        }
    }
    if (r->drain_until && r->drain_until < next)
        next = r->drain_until;
    if (next == INT64_MAX)
        return -1;
    now = clock_monotonic_ms();
    return next <= now ? 0 : next - now > INT_MAX ? INT_MAX : (int)(next - now);
}

static void note_exit(struct run *r)
{
    int status = 0;
    r->exited = true;
    r->drain_until = clock_monotonic_ms() + DRAIN_MS;
    while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
        ;
    r->result->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    r->result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    close_fd(&r->pidfd);
    close_fd(&r->in);
}

static void wait_for_end(struct run *r)
{
    while (!r->exited || r->out >= 0 || r->err >= 0) {
        int timeout = check_clock(r);
        struct pollfd fds[] = {{.fd = r->pidfd, .events = POLLIN},
                               {.fd = r->in, .events = POLLOUT},
                               {.fd = r->out, .events = POLLIN},
                               {.fd = r->err, .events = POLLIN}};
        if (poll(fds, 4, timeout) < 0)
            continue;
        if (fds[1].revents)
            write_input(r);
        if (fds[2].revents)
            read_output(r, &r->out, &r->result->out);
        if (fds[3].revents)
            read_output(r, &r->err, &r->result->err);
        if (fds[0].revents)
            note_exit(r);
        if (r->drain_until && clock_monotonic_ms() >= r->drain_until)
            break;
    }
    if (r->line.len)
        give_line(r);
}

int proc_run(const struct proc_spec *spec, struct proc_result *result, struct err *e)
{
    *result = (struct proc_result){.exit_code = -1, .out = BUF_INIT, .err = BUF_INIT};
    struct run r = {.spec = spec, .result = result, .pidfd = -1, .in = -1, .out = -1, .err = -1};
    r.output_max = spec->output_max ? spec->output_max : OUTPUT_DEFAULT;
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    sigaction(SIGPIPE, &ignore, &before);
    int64_t now = clock_monotonic_ms();
    r.deadline = spec->deadline_ms > 0 ? now + spec->deadline_ms : 0;
    r.last_output = now;
    r.watch_at = now + WATCH_MS;
    int rc = start(&r, e);
    if (rc == 0) {
        wait_for_end(&r);
        keep_end(&result->out, r.output_max);
        keep_end(&result->err, r.output_max);
        if (result->timed_out)
            rc = err_set(e, ERR_TRANSIENT, "%s took longer than %lld s", spec->argv[0],
                         (long long)((spec->deadline_ms + 999) / 1000));
        else if (result->stalled)
            rc = err_set(e, ERR_TRANSIENT, "%s made no progress for %lld s", spec->argv[0],
                         (long long)((spec->stall_ms + 999) / 1000));
        else if (result->cancelled)
            rc = err_set(e, ERR_CANCELLED, "%s was stopped", spec->argv[0]);
        if (rc != 0)
            err_detail(e, buf_str(&result->err), (long)result->err.len);
    }
    close_fd(&r.pidfd);
    close_fd(&r.in);
    close_fd(&r.out);
    close_fd(&r.err);
    buf_free(&r.line);
    sigaction(SIGPIPE, &before, NULL);
    return rc;
}

bool proc_found_disk_full(const struct proc_spec *spec, const struct proc_result *result,
                          struct err *e)
{
    static const int numbers[] = {ENOSPC, EDQUOT};
    for (size_t i = 0; result->exit_code != 0 && i < sizeof numbers / sizeof *numbers; i++)
        if (strstr(buf_str(&result->err), strerror(numbers[i]))) {
            errno = numbers[i];
            err_errno(e, "%s", spec->argv[0]);
            return true;
        }
    return false;
}

int proc_run_ok(const struct proc_spec *spec, struct proc_result *result, struct err *e)
{
    if (proc_run(spec, result, e) != 0)
        return -1;
    if (result->exit_code == 0)
        return 0;
    if (result->signal)
        err_set(e, ERR_TRANSIENT, "%s was ended by signal %d", spec->argv[0], result->signal);
    else if (!proc_found_disk_full(spec, result, e))
        err_set(e, ERR_INPUT, "%s failed with exit code %d", spec->argv[0], result->exit_code);
    return err_detail(e, buf_str(&result->err), (long)result->err.len);
}

void proc_result_free(struct proc_result *result)
{
    buf_free(&result->out);
    buf_free(&result->err);
}
