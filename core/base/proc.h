// SPDX-License-Identifier: Apache-2.0
/*
 * Child processes: an argv array (never a shell), a clean environment, a deadline, a bound on
 * what is read from it, and a watch on its progress. The child's descriptors are closed but 0-2
 * and those named in keep_fds.
 */
#ifndef CORE_BASE_PROC_H
#define CORE_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/sandbox.h"

struct proc_spec {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
    const char *const *env;  /* NULL-terminated "K=V"; NULL: PATH, LC_ALL=C.UTF-8, TZ=UTC alone */
    const char *dir;         /* working folder; NULL: "/" */
    const void *input;       /* written to stdin; NULL: /dev/null */
    size_t input_len;
    const int *keep_fds;           /* ended by -1; NULL: none */
    const struct sandbox *sandbox; /* rights taken away before the program runs; NULL: none */
    int64_t deadline_ms;           /* from the start; 0: none. Over it: killed, timed_out */
    int64_t stall_ms;  /* no output on stdout for so long: killed, stalled; 0: not watched */
    size_t output_max; /* bytes kept of each of stdout and stderr (the end is kept); 0: 1 MiB */
    /* Called for each record of stdout (ended by \n or \r, ending cut off), in order, instead of
     * keeping stdout. A return other than 0 kills the child; the run then fails (cancelled). */
    int (*on_line)(void *data, const char *line, size_t len);
    /* The same, for each piece of stdout as it comes. One of the two at most. */
    int (*on_data)(void *data, const char *piece, size_t len);
    /* Called every second while the child runs. If it sets *alive, something has come that
     * counts for stall_ms; output does not count then. A return other than 0 kills the child
     * (cancelled).
     */
    int (*on_watch)(void *data, pid_t child, bool *alive);
    void *data;
};

struct proc_result {
    int exit_code; /* -1 if a signal ended it */
    int signal;    /* 0, or the signal */
    bool timed_out, stalled, cancelled;
    struct buf out, err; /* freed by proc_result_free */
};

/* Runs to the end. 0: the child ran, look at the result (also if it failed); -1: it could not
 * be started (ERR_SYSTEM), or ran over its deadline or stalled (ERR_TRANSIENT). The result must
 * be freed in either case. */
int proc_run(const struct proc_spec *spec, struct proc_result *result, struct err *e);

/* As proc_run, and any exit but 0 is an error with stderr as its detail: ERR_SYSTEM if that says
 * that the disk is full, else ERR_INPUT. */
int proc_run_ok(const struct proc_spec *spec, struct proc_result *result, struct err *e);

/* Whether a child that failed said that the disk, or its owner's share of it, is full: e says so
 * then (ERR_SYSTEM). For programs of which nobody else writes the words. */
bool proc_found_disk_full(const struct proc_spec *spec, const struct proc_result *result,
                          struct err *e);

void proc_result_free(struct proc_result *result);

#endif
