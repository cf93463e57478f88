// SPDX-License-Identifier: Apache-2.0
#include "core/worker/guard.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#include "core/base/clock.h"

/* Written with SIGALRM blocked, read by its handler. */
static volatile struct {
    pid_t group;
    int64_t until_ms;
} watched[GUARD_MAX];

static void look(int signal_number)
{
    int kept = errno;
    int64_t now = clock_monotonic_ms(); /* clock_gettime: async-signal-safe */
    (void)signal_number;
    for (size_t i = 0; i < GUARD_MAX; i++)
        if (watched[i].group > 0 && watched[i].until_ms <= now)
            kill(-watched[i].group, SIGKILL);
    errno = kept;
}

int guard_open(struct err *e)
{
    struct sigaction action = {.sa_handler = look, .sa_flags = SA_RESTART};
    struct itimerval second = {{1, 0}, {1, 0}};
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGALRM, &action, NULL) || setitimer(ITIMER_REAL, &second, NULL))
        return err_errno(e, "start the clock of the leases");
    return 0;
}

static void change(pid_t from, pid_t to, int64_t until_ms, int *rc)
{
    sigset_t alarm, before;
    sigemptyset(&alarm);
    sigaddset(&alarm, SIGALRM);
    sigprocmask(SIG_BLOCK, &alarm, &before);
    for (size_t i = 0; i < GUARD_MAX && *rc; i++)
        if (watched[i].group == from) {
            watched[i].group = to;
            watched[i].until_ms = until_ms;
            *rc = 0;
        }
    sigprocmask(SIG_SETMASK, &before, NULL);
}

int guard_set(pid_t group, int64_t until_ms)
{
    int rc = -1;
    change(group, group, until_ms, &rc);
    if (rc)
        change(0, group, until_ms, &rc);
    return rc;
}

void guard_drop(pid_t group)
{
    int rc = -1;
    change(group, 0, 0, &rc);
}
