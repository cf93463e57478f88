// SPDX-License-Identifier: Apache-2.0
#include "core/archive/run.h"

#include <stdarg.h>

#include "core/archive/lock.h"

int run_kill_strays(const struct run *r, int rc, struct err *e)
{
    pid_t ours[INDEXES_CHECKERS + 1];
    size_t n = 0;
    ours[n++] = signer_pid(r->signer);
    for (int i = 0; r->checked && i < r->checked->checker_count; i++)
        ours[n++] = r->checked->checkers[i].pid;
    if (lock_kill_strays(ours, n) && rc == 0)
        rc = err_set(e, ERR_SYSTEM, "what a transfer left running cannot be ended");
    return rc;
}

void run_step(const struct run *r, const char *step)
{
    if (r->watch)
        r->watch->step(r->watch->data, step);
}

static void __attribute__((format(printf, 3, 0)))
say(const struct run *r, void (*to)(void *, const char *), const char *format, va_list ap)
{
    struct buf text = BUF_INIT;
    buf_vaddf(&text, format, ap);
    to(r->watch->data, buf_str(&text));
    buf_free(&text);
}

void run_note(const struct run *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (r->watch)
        say(r, r->watch->note, format, ap);
    va_end(ap);
}

void run_warn(const struct run *r, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (r->watch)
        say(r, r->watch->warn, format, ap);
    va_end(ap);
}
