// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/archive/lock.h"
#include "core/base/clock.h"

static char path[64];

static int set_up(void **state)
{
    (void)state;
    strcpy(path, "/tmp/deb-status-test.XXXXXX");
    int fd = mkstemp(path);
    close(fd);
    return fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

/* A run that holds the lock, and a process of it that has left its group: their numbers come
 * through the pipe when they have it. */
static pid_t start_run(int64_t token, pid_t *descendant)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct err e;
        setsid();
        int fd = lock_take(path, token, 5000, &e);
        pid_t child = fd < 0 ? -1 : fork();
        if (child == 0) {
            setsid();
            for (;;)
                pause();
        }
        if (write(ends[1], &child, sizeof child) != sizeof child)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], descendant, sizeof *descendant), sizeof *descendant);
    close(ends[0]);
    return pid;
}

static void wait_until_gone(pid_t pid)
{
    int64_t until = clock_monotonic_ms() + 5000;
    while (kill(pid, 0) == 0 && clock_monotonic_ms() < until) {
        struct timespec t = {0, 5000000};
        waitpid(pid, NULL, WNOHANG);
        nanosleep(&t, NULL);
    }
    assert_int_not_equal(kill(pid, 0), 0);
}

static void a_later_run_takes_over(void **state)
{
    struct err e = {0};
    pid_t descendant, pid = start_run(7, &descendant);
    (void)state;
    assert_true(descendant > 0);
    /* an admin's command waits, and kills nobody */
    assert_int_equal(lock_take(path, 0, 100, &e), -1);
    assert_int_equal(e.code, ERR_TRANSIENT);
    /* a run of before has nothing to say */
    assert_int_equal(lock_take(path, 6, 100, &e), -1);
    assert_int_equal(e.code, ERR_CANCELLED);
    assert_int_equal(kill(pid, 0), 0);
    int fd = lock_take(path, 8, 5000, &e);
    assert_true(fd >= 0);
    wait_until_gone(pid);
    wait_until_gone(descendant);
    close(fd);
}

static void who_waits_is_left_alone(void **state)
{
    struct err e = {0};
    pid_t descendant, pid = start_run(7, &descendant), waiter = fork();
    (void)state;
    if (waiter == 0) {
        int waited = lock_take(path, 0, 10000, &e);
        _exit(waited >= 0 ? 42 : 1);
    }
    /* the waiter has the file open by now, or soon: what counts is that it has no lock on it */
    struct timespec t = {0, 100000000};
    nanosleep(&t, NULL);
    int fd = lock_take(path, 8, 5000, &e), status = 0;
    bool taken = fd >= 0; /* or the waiter was faster: then that one had it */
    if (taken)
        close(fd);
    waitpid(waiter, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 42);
    wait_until_gone(pid);
    wait_until_gone(descendant);
}

static void strays_are_ended(void **state)
{
    int ends[2];
    pid_t stray = 0;
    (void)state;
    lock_adopt_strays();
    assert_int_equal(pipe(ends), 0);
    pid_t ours = fork();
    if (ours == 0)
        for (;;)
            pause();
    pid_t middle = fork();
    if (middle == 0) {
        pid_t child = fork();
        if (child == 0) {
            setsid();
            for (;;)
                pause();
        }
        _exit(write(ends[1], &child, sizeof child) == sizeof child ? 0 : 1);
    }
    waitpid(middle, NULL, 0);
    assert_int_equal(read(ends[0], &stray, sizeof stray), sizeof stray);
    assert_int_equal(kill(stray, 0), 0);
    assert_int_equal(lock_kill_strays(&ours, 1), 0);
    assert_int_not_equal(kill(stray, 0), 0);
    assert_int_equal(kill(ours, 0), 0);
    assert_int_equal(lock_kill_strays(NULL, 0), 0);
    assert_int_not_equal(kill(ours, 0), 0);
    close(ends[0]);
    close(ends[1]);
}

/* rsync inherits the lock: one that a host has taken over would name whom the next run kills. */
static void what_inherits_it_cannot_say_whose_it_is(void **state)
{
    char text[256] = "";
    long group = 0;
    struct err e;
    (void)state;
    int fd = lock_take(path, 5, 5000, &e);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_not_equal(ftruncate(fd, 0), 0);
    assert_int_equal(pwrite(fd, "x", 1, 0), -1);
    assert_true(pread(fd, text, sizeof text - 1, 0) > 0);
    assert_int_equal(sscanf(text, "group %ld token 5 on ", &group), 1);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_inherits_it_cannot_say_whose_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_later_run_takes_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_waits_is_left_alone, set_up, tear_down),
        cmocka_unit_test(strays_are_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
