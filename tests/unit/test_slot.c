// SPDX-License-Identifier: Apache-2.0
/* A slot starts the program anew as `--run-job ID --token T`: here that is this test, whose main
 * then plays a job of the kind that the token says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/worker/guard.h"
#include "core/worker/run.h"
#include "core/worker/slot.h"

enum play {
    PLAY_DONE = 1,
    PLAY_FAILED,
    PLAY_CRASH,
    PLAY_SILENT_END,
    PLAY_GARBAGE,
    PLAY_HANG,
    PLAY_STUBBORN,
    PLAY_FLOOD,
    PLAY_STRAY,
    PLAY_SURROUNDINGS
};

#define FLOOD 3000

/* ---- the job's side ---- */

static void say(const char *text)
{
    report_send(RUN_PIPE, REPORT_LINE, "0", "step", text);
}

static void say_file(const char *path)
{
    char text[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    for (ssize_t i = 0; i < n; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    text[n < 0 ? 0 : n] = '\0';
    say(text);
    close(fd);
}

static void say_fds(void)
{
    struct buf text = BUF_INIT;
    DIR *dir = opendir("/proc/self/fd");
    buf_add_str(&text, "fds");
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (d->d_name[0] != '.' && atoi(d->d_name) != dirfd(dir))
            buf_addf(&text, " %s", d->d_name);
    say(buf_str(&text));
    closedir(dir);
    buf_free(&text);
}

static void leave_a_stray(void)
{
    char text[32];
    if (fork() != 0) {
        pause(); /* the supervisor ends it */
    }
    setsid(); /* another session and group, as gpg's agent */
    snprintf(text, sizeof text, "%d", (int)getpid());
    signal(SIGTERM, SIG_IGN);
    say(text);
    for (;;)
        pause();
}

static int play(enum play what)
{
    switch (what) {
    case PLAY_DONE:
        say("one");
        report_send(RUN_PIPE, REPORT_PROGRESS, "1", "2", "files");
        report_send(RUN_PIPE, REPORT_DONE, NULL, NULL, NULL);
        return 0;
    case PLAY_FAILED:
        report_send(RUN_PIPE, REPORT_FAILED, "retry", "it was away", "caf\xe9: raw words");
        return 0;
    case PLAY_CRASH:
        raise(SIGABRT);
        return 0;
    case PLAY_SILENT_END:
        return 7;
    case PLAY_GARBAGE:
        if (write(RUN_PIPE, "\xff\xff\xff\xff nonsense", 13) != 13)
            return 1;
        pause();
        return 0;
    case PLAY_STUBBORN:
        signal(SIGTERM, SIG_IGN);
        /* fall through */
    case PLAY_HANG:
        say("here");
        for (;;)
            pause();
    case PLAY_FLOOD:
        for (int i = 0; i < FLOOD; i++)
            say("a line of a job that has a lot to say, and says it without a break");
        report_send(RUN_PIPE, REPORT_DONE, NULL, NULL, NULL);
        return 0;
    case PLAY_STRAY:
        leave_a_stray();
        return 0;
    case PLAY_SURROUNDINGS:
        say_fds();
        say_file("/proc/self/environ");
        say(getpid() == getsid(0) && getpid() == getpgrp() ? "leader" : "no leader");
        report_send(RUN_PIPE, REPORT_DONE, NULL, NULL, NULL);
        return 0;
    }
    return 9;
}

/* ---- the supervisor's side ---- */

struct seen {
    int lines, progress;
    char text[8][4096]; /* of the first lines */
};

static int config_fd;

static void begin(struct slot *s, enum play what, int64_t deadline_s)
{
    struct err e;
    struct queue_claim claim = {.id = 17, .token = what, .attempt = 1};
    if (slot_start(s, &claim, deadline_s, config_fd, &e))
        fail_msg("%s", e.text);
    slot_renewed(s, clock_monotonic_ms(), 60000);
}

static void take_reports(struct slot *s, struct seen *seen)
{
    struct report r;
    size_t next;
    while (slot_peek(s, &r, &next) == 1) {
        if (r.type == REPORT_LINE && seen->lines++ < 8)
            snprintf(seen->text[seen->lines - 1], sizeof seen->text[0], "%s", r.fields[2]);
        seen->progress += r.type == REPORT_PROGRESS;
        slot_take(s, next);
    }
}

static void turn(struct slot *s, struct seen *seen)
{
    struct pollfd p = {.fd = s->pipe, .events = POLLIN};
    poll(&p, 1, 20);
    slots_reap(s, 1);
    slot_read(s);
    take_reports(s, seen);
    slot_tick(s, clock_monotonic_ms());
}

/* Until `lines` lines were seen, or (0) the run is over. */
static void follow(struct slot *s, struct seen *seen, int lines)
{
    int64_t until = clock_monotonic_ms() + 20000;
    while (lines ? seen->lines < lines : !slot_is_over(s)) {
        assert_true(clock_monotonic_ms() < until);
        turn(s, seen);
    }
}

static bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

static void check(enum play what, enum queue_outcome outcome, const char *words)
{
    struct slot s = {0};
    struct seen seen = {0};
    begin(&s, what, 60);
    follow(&s, &seen, 0);
    assert_int_equal(slot_outcome(&s), outcome);
    if (words && !strstr(s.error.text, words))
        fail_msg("'%s' is not in '%s'", words, s.error.text);
    slot_free(&s);
    assert_false(s.busy);
}

static void ends_as_reported(void **state)
{
    (void)state;
    struct slot s = {0};
    struct seen seen = {0};
    begin(&s, PLAY_DONE, 60);
    follow(&s, &seen, 0);
    assert_int_equal(slot_outcome(&s), QUEUE_DONE);
    assert_int_equal(seen.lines, 1);
    assert_int_equal(seen.progress, 1);
    slot_free(&s);
    begin(&s, PLAY_FAILED, 60);
    follow(&s, &seen, 0);
    assert_int_equal(slot_outcome(&s), QUEUE_RETRY);
    assert_string_equal(s.error.text, "it was away");
    assert_string_equal(s.error.detail, "caf?: raw words");
    slot_free(&s);
}

static void ends_without_a_word(void **state)
{
    (void)state;
    check(PLAY_CRASH, QUEUE_RETRY, "signal 6");
    check(PLAY_SILENT_END, QUEUE_RETRY, "code 7");
    check(PLAY_GARBAGE, QUEUE_RETRY, "could not be read");
}

static void ends_at_its_deadline(void **state)
{
    (void)state;
    struct slot s = {0};
    struct seen seen = {0};
    begin(&s, PLAY_HANG, 1);
    pid_t pid = s.pid;
    follow(&s, &seen, 0);
    assert_int_equal(slot_outcome(&s), QUEUE_RETRY);
    assert_non_null(strstr(s.error.text, "longer than 1 s"));
    assert_false(is_alive(pid));
    slot_free(&s);
}

static void ends_when_stopped(void **state)
{
    (void)state;
    static const struct {
        enum slot_stop why;
        enum queue_outcome outcome;
    } cases[] = {{STOP_CANCELLED, QUEUE_CANCELLED},
                 {STOP_RELEASED, QUEUE_RELEASED},
                 {STOP_LOST, QUEUE_RETRY}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slot s = {0};
        struct seen seen = {0};
        begin(&s, i == 0 ? PLAY_STUBBORN : PLAY_HANG, 60); /* also who does not heed SIGTERM */
        follow(&s, &seen, 1);
        slot_stop(&s, cases[i].why);
        slot_stop(&s, STOP_LEASE); /* the first reason stays */
        follow(&s, &seen, 0);
        assert_int_equal(slot_outcome(&s), cases[i].outcome);
        slot_free(&s);
    }
}

/* What was done is done, though somebody wanted it stopped. */
static void stays_done(void **state)
{
    (void)state;
    struct slot s = {0};
    struct seen seen = {0};
    begin(&s, PLAY_DONE, 60);
    follow(&s, &seen, 1);
    slot_stop(&s, STOP_CANCELLED);
    follow(&s, &seen, 0);
    enum queue_outcome outcome = slot_outcome(&s);
    assert_int_equal(outcome, s.reported ? QUEUE_DONE : QUEUE_CANCELLED);
    slot_free(&s);
}

/* By the clock of the guard alone: nobody looks at the slot. */
static void is_killed_without_lease(void **state)
{
    (void)state;
    struct slot s = {0};
    struct seen seen = {0};
    begin(&s, PLAY_STUBBORN, 60);
    follow(&s, &seen, 1);
    slot_renewed(&s, clock_monotonic_ms(), 100);
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)s.pid, &info, WEXITED | WNOWAIT) != 0)
        ; /* the guard's signal ends the call */
    follow(&s, &seen, 0);
    assert_int_equal(s.stop, STOP_LEASE);
    assert_int_equal(slot_outcome(&s), QUEUE_RETRY);
    slot_free(&s);
}

/* It may publish over another run's work: no grace. */
static void is_killed_at_once_when_lost(void **state)
{
    (void)state;
    struct slot s = {0};
    struct seen seen = {0};
    begin(&s, PLAY_HANG, 60);
    follow(&s, &seen, 1);
    slot_stop(&s, STOP_LOST);
    follow(&s, &seen, 0);
    assert_int_equal(WTERMSIG(s.status), SIGKILL);
    assert_int_equal(s.stop, STOP_LOST);
    slot_free(&s);
}

static void takes_all_of_a_flood(void **state)
{
    (void)state;
    struct slot s = {0};
    struct seen seen = {0};
    begin(&s, PLAY_FLOOD, 60);
    follow(&s, &seen, 0);
    assert_int_equal(seen.lines, FLOOD);
    assert_int_equal(slot_outcome(&s), QUEUE_DONE);
    slot_free(&s);
}

static void kills_what_is_left_behind(void **state)
{
    (void)state;
    struct slot s = {0};
    struct seen seen = {0};
    begin(&s, PLAY_STRAY, 60);
    follow(&s, &seen, 1);
    pid_t stray = (pid_t)atoi(seen.text[0]);
    assert_true(stray > 1 && is_alive(stray));
    kill(s.pid, SIGKILL);
    follow(&s, &seen, 0);
    assert_false(is_alive(stray));
    slot_free(&s);
}

static void gets_clean_surroundings(void **state)
{
    (void)state;
    struct slot s = {0};
    struct seen seen = {0};
    setenv("SECRET_OF_A_CALLER", "x", 1);
    int open_here = open("/dev/null", O_RDONLY); /* not close-on-exec */
    begin(&s, PLAY_SURROUNDINGS, 60);
    follow(&s, &seen, 0);
    assert_int_equal(seen.lines, 3);
    assert_string_equal(seen.text[0], "fds 0 1 2 3 4");
    assert_null(strstr(seen.text[1], "SECRET"));
    assert_non_null(strstr(seen.text[1], "LC_ALL=C.UTF-8"));
    assert_string_equal(seen.text[2], "leader");
    close(open_here);
    slot_free(&s);
}

/* The tests before have run jobs of all kinds: the guard has room for as many as ever. */
static void leaves_no_group_guarded(void **state)
{
    (void)state;
    int64_t until = clock_monotonic_ms() + 3600 * 1000;
    for (pid_t group = 1; group <= GUARD_MAX; group++)
        assert_int_equal(guard_set(INT_MAX - group, until), 0); /* above all numbers in use */
    assert_int_equal(guard_set(INT_MAX - GUARD_MAX - 1, until), -1);
    for (pid_t group = 1; group <= GUARD_MAX; group++)
        guard_drop(INT_MAX - group);
}

int main(int argc, char **argv)
{
    struct err e;
    if (argc == 5 && strcmp(argv[1], "--run-job") == 0)
        return play((enum play)atoi(argv[4]));
    config_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    slots_open();
    if (guard_open(&e))
        return 1;
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_as_reported),
                                       cmocka_unit_test(ends_without_a_word),
                                       cmocka_unit_test(ends_at_its_deadline),
                                       cmocka_unit_test(ends_when_stopped),
                                       cmocka_unit_test(stays_done),
                                       cmocka_unit_test(is_killed_without_lease),
                                       cmocka_unit_test(is_killed_at_once_when_lost),
                                       cmocka_unit_test(takes_all_of_a_flood),
                                       cmocka_unit_test(kills_what_is_left_behind),
                                       cmocka_unit_test(gets_clean_surroundings),
                                       cmocka_unit_test(leaves_no_group_guarded)};
    return cmocka_run_group_tests_name("slot", tests, NULL, NULL);
}
