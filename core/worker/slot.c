// SPDX-License-Identifier: Apache-2.0
#include "core/worker/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/utf8.h"
#include "core/worker/guard.h"
#include "core/worker/run.h"

#define PROGRAM       "/proc/self/exe" /* the same file also after an upgrade has replaced it */
#define READ_MAX      65536            /* bytes in one go: other jobs and the leases wait */
#define KILL_GRACE_MS 2000

/* ---- start ---- */

/* What of our environment concerns a job; all else stays here. */
static const char *const passed[] = {
    "PATH",         "HOME",         "TMPDIR",        "DEB_STATUS_DATABASE", "DEB_STATUS_LOG",
    "http_proxy",   "https_proxy",  "no_proxy",      "DEB_STATUS_SHARE",    "JOURNAL_STREAM",
    "PGHOST",       "PGPORT",       "PGPASSFILE",    "PGSERVICE",           "PGSERVICEFILE",
    "PGSSLMODE",    "PGSSLCERT",    "PGSSLKEY",      "PGSSLROOTCERT",       "KRB5CCNAME",
    "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
};

#define PASSED (sizeof passed / sizeof *passed)

static char **make_env(void)
{
    char **env = calloc(PASSED + 3, sizeof *env);
    size_t n = 0;
    if (!env)
        abort();
    env[n++] = strdup("LC_ALL=C.UTF-8");
    env[n++] = strdup("TZ=UTC");
    for (size_t i = 0; i < PASSED; i++) {
        const char *value = getenv(passed[i]);
        if (value && asprintf(&env[n++], "%s=%s", passed[i], value) < 0)
            abort();
    }
    return env;
}

static void free_env(char **env)
{
    for (size_t i = 0; env[i]; i++)
        free(env[i]);
    free(env);
}

/* In the child, up to exec. Only async-signal-safe calls. Never returns. */
static void child_exec(char *const *argv, char *const *env, int null, int report, int config,
                       pid_t parent)
{
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    setsid();
    for (int i = 1; i < 32; i++)
        if (i != SIGKILL && i != SIGSTOP)
            signal(i, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* All three are above RUN_CONFIG (high_fd), so that no dup2 overwrites another's source. */
    if (dup2(null, 0) == 0 && dup2(2, 1) == 1 && dup2(report, RUN_PIPE) >= 0 &&
        dup2(config, RUN_CONFIG) >= 0 && close_range(RUN_CONFIG + 1, ~0U, 0) == 0 && !chdir("/"))
        execve(PROGRAM, argv, env);
    _exit(127);
}

static int high_fd(int fd)
{
    return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, RUN_CONFIG + 1);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int start(struct slot *s, int config, struct err *e)
{
    char id[24], token[24];
    int ends[2] = {-1, -1}, rc = -1;
    snprintf(id, sizeof id, "%" PRId64, s->claim.id);
    snprintf(token, sizeof token, "%" PRId64, s->claim.token);
    char *argv[] = {
        (char *)"deb-status-worker", (char *)"--run-job", id, (char *)"--token", token, NULL};
    char **env = make_env();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
        ends[0] = ends[1] = -1;
    int high[3] = {high_fd(null), high_fd(ends[1]), high_fd(config)};
    pid_t parent = getpid();
    if (high[0] < 0 || high[1] < 0 || high[2] < 0 || fcntl(high[1], F_SETFL, 0)) {
        err_errno(e, "open a job's descriptors");
        goto out;
    }
    s->pid = fork();
    if (s->pid == 0)
        child_exec(argv, env, high[0], high[1], high[2], parent);
    if (s->pid < 0) {
        err_errno(e, "start a job's process");
        s->pid = 0;
        goto out;
    }
    s->pipe = ends[0];
    ends[0] = -1;
    rc = 0;
out:
    for (size_t i = 0; i < 3; i++)
        close_fd(&high[i]);
    close_fd(&null);
    close_fd(&ends[0]);
    close_fd(&ends[1]);
    free_env(env);
    return rc;
}

int slot_start(struct slot *s, const struct queue_claim *claim, int64_t deadline_s, int config,
               struct err *e)
{
    *s = (struct slot){.claim = *claim, .busy = true, .pipe = -1, .deadline_s = deadline_s};
    s->started_ms = s->renewed_ms = clock_monotonic_ms();
    s->deadline_ms = s->started_ms + deadline_s * 1000;
    return start(s, config, e);
}

void slot_renewed(struct slot *s, int64_t at_ms, int64_t hold_ms)
{
    s->renewed_ms = at_ms;
    s->hold_ms = at_ms + hold_ms;
    if (!s->ended && guard_set(s->pid, s->hold_ms))
        slot_stop(s, STOP_LEASE); /* cannot happen: there are more places than slots */
}

/* ---- reports ---- */

bool slot_has_room(const struct slot *s)
{
    return s->in.len - s->taken <= 2 * (size_t)REPORT_MAX;
}

bool slot_read(struct slot *s)
{
    if (s->pipe < 0 || !slot_has_room(s))
        return false;
    ssize_t n = read(s->pipe, buf_reserve(&s->in, READ_MAX), READ_MAX);
    if (n > 0) {
        s->in.len += (size_t)n;
        return true;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(&s->pipe);
    return false;
}

int slot_peek(struct slot *s, struct report *out, size_t *next)
{
    *next = s->taken;
    int got = report_next(&s->in, next, out);
    if (got >= 0)
        return got;
    slot_stop(s, STOP_REPORT);
    close_fd(&s->pipe);
    s->taken = s->in.len;
    return 0;
}

static enum queue_outcome outcome_of(const char *word)
{
    return strcmp(word, "cancelled") == 0 ? QUEUE_CANCELLED
           : strcmp(word, "retry") == 0   ? QUEUE_RETRY
                                          : QUEUE_FAILED;
}

static void keep_outcome(struct slot *s, const struct report *r)
{
    s->reported = true;
    s->outcome = QUEUE_DONE;
    if (r->type == REPORT_DONE)
        return;
    s->outcome = outcome_of(r->fields[0]);
    err_set(&s->error, ERR_INPUT, "%s", r->fields[1]);
    err_detail(&s->error, r->fields[2], -1);
    utf8_clean(s->error.text);
    utf8_clean(s->error.detail);
}

void slot_take(struct slot *s, size_t next)
{
    struct report r;
    size_t at = s->taken;
    if (report_next(&s->in, &at, &r) == 1 && (r.type == REPORT_DONE || r.type == REPORT_FAILED))
        keep_outcome(s, &r);
    s->taken = next;
    if (s->taken == s->in.len) {
        buf_reset(&s->in);
        s->taken = 0;
    } else if (s->taken > READ_MAX) {
        memmove(s->in.data, s->in.data + s->taken, s->in.len - s->taken);
        s->in.len -= s->taken;
        s->taken = 0;
    }
}

/* ---- end ---- */

void slot_stop(struct slot *s, enum slot_stop why)
{
    if (s->stop != STOP_NONE || s->ended || s->pid <= 0)
        return;
    s->stop = why;
    /* What lost its lease may publish over another's work: no grace. */
    bool at_once = why == STOP_LOST || why == STOP_LEASE;
    s->kill_ms = clock_monotonic_ms() + (at_once ? 0 : KILL_GRACE_MS);
    kill(-s->pid, at_once ? SIGKILL : SIGTERM);
}

void slot_tick(struct slot *s, int64_t now)
{
    if (s->pid <= 0 || s->ended)
        return;
    if (now >= s->deadline_ms)
        slot_stop(s, STOP_DEADLINE);
    if (s->stop != STOP_NONE && now >= s->kill_ms)
        kill(-s->pid, SIGKILL);
}

static struct slot *find(struct slot *slots, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (slots[i].busy && slots[i].pid == pid && !slots[i].ended)
            return &slots[i];
    return NULL;
}

static bool is_subreaper; /* what ended jobs leave behind comes to us */

static FILE *open_children(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    return fopen(path, "re");
}

void slots_open(void)
{
    int pid;
    FILE *f = open_children();
    /* Who had children before it became this program (a script that ended in exec) would get what
     * those leave behind, too, and could not tell them apart. */
    is_subreaper = f && fscanf(f, "%d", &pid) != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    if (f)
        fclose(f);
}

/* Kills our children that lead no slot. True if there were any. */
static bool kill_strays(struct slot *slots, size_t count)
{
    int pid;
    bool found = false;
    FILE *f = is_subreaper ? open_children() : NULL;
    while (f && fscanf(f, "%d", &pid) == 1)
        if (!find(slots, count, pid)) {
            kill(pid, SIGKILL);
            found = true;
        }
    if (f)
        fclose(f);
    return found;
}

/* One ended child: its group goes first, while its number cannot be anybody else's. */
static bool reap_one(struct slot *slots, size_t count, bool *any_slot)
{
    siginfo_t info = {0};
    int status;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == 0)
        return false;
    struct slot *s = find(slots, count, info.si_pid);
    if (s) {
        kill(-s->pid, SIGKILL);
        guard_drop(s->pid);
        *any_slot = true;
    }
    if (waitpid(info.si_pid, &status, 0) != info.si_pid)
        return false;
    if (s) {
        s->ended = true;
        s->status = status;
        if (s->stop == STOP_NONE && !s->reported && WIFSIGNALED(status) &&
            clock_monotonic_ms() >= s->hold_ms)
            s->stop = STOP_LEASE; /* the guard's */
    }
    return true;
}

void slots_reap(struct slot *slots, size_t count)
{
    static bool strays;
    while (reap_one(slots, count, &strays))
        ;
    /* Killing one may hand us its children: again, until there are none. What cannot die yet is
     * met at the next call. */
    for (int round = 0; strays && round < 20; round++) {
        strays = kill_strays(slots, count);
        if (strays && round > 0)
            poll(NULL, 0, 1);
        while (reap_one(slots, count, &strays))
            ;
    }
}

bool slot_is_over(const struct slot *s)
{
    return s->busy && s->ended && s->pipe < 0 && !s->more;
}

static void say_how_it_ended(struct slot *s)
{
    if (WIFSIGNALED(s->status))
        err_set(&s->error, ERR_TRANSIENT, "its process was ended by signal %d (%s)",
                WTERMSIG(s->status), strsignal(WTERMSIG(s->status)));
    else
        err_set(&s->error, ERR_TRANSIENT, "its process ended with code %d and no report",
                WEXITSTATUS(s->status));
}

enum queue_outcome slot_outcome(struct slot *s)
{
    if (s->reported && (s->outcome == QUEUE_DONE || s->stop == STOP_NONE))
        return s->outcome;
    switch (s->stop) {
    case STOP_CANCELLED:
        err_set(&s->error, ERR_CANCELLED, "cancelled by an admin");
        return QUEUE_CANCELLED;
    case STOP_RELEASED:
        err_set(&s->error, ERR_CANCELLED, "its worker stopped");
        return QUEUE_RELEASED;
    case STOP_DEADLINE:
        err_set(&s->error, ERR_TRANSIENT, "it ran longer than %" PRId64 " s and was killed",
                s->deadline_s);
        break;
    case STOP_LEASE:
    case STOP_LOST:
        err_set(&s->error, ERR_TRANSIENT, "its lease could not be renewed, and it was killed");
        break;
    case STOP_REPORT:
        err_set(&s->error, ERR_TRANSIENT, "what its process reported could not be read");
        break;
    case STOP_NONE:
        say_how_it_ended(s);
        break;
    }
    return QUEUE_RETRY;
}

void slot_free(struct slot *s)
{
    close_fd(&s->pipe);
    buf_free(&s->in);
    *s = (struct slot){.pipe = -1};
}
