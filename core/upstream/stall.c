// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/stall.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "core/base/clock.h"

enum { FILES_MAX = 1024 }; /* the job's process may open no more */

static volatile bool others[FILES_MAX]; /* sockets that are not the fetch's */
static volatile int64_t last_ms, limit;
static volatile sig_atomic_t stalled;

static bool is_socket(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* Nothing but async-signal-safe calls: clock_gettime, fstat, shutdown. */
static void look(int signal_number)
{
    int kept = errno;
    (void)signal_number;
    if (clock_monotonic_ms() - last_ms > limit) {
        stalled = 1;
        for (int fd = 0; fd < FILES_MAX; fd++)
            if (!others[fd] && is_socket(fd))
                shutdown(fd, SHUT_RDWR);
    }
    errno = kept;
}

void stall_begin(int64_t limit_ms)
{
    struct sigaction action = {.sa_handler = look, .sa_flags = SA_RESTART};
    const struct itimerval tick = {{0, 500000}, {0, 500000}};
    for (int fd = 0; fd < FILES_MAX; fd++)
        others[fd] = is_socket(fd);
    stalled = 0;
    limit = limit_ms;
    last_ms = clock_monotonic_ms();
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &tick, NULL);
}

void stall_progress(void)
{
    last_ms = clock_monotonic_ms();
}

bool stall_end(void)
{
    const struct itimerval off = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &off, NULL);
    return stalled != 0;
}
