// SPDX-License-Identifier: Apache-2.0
#include "core/queue/job.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/queue/report.h"
#include "gen/queries.h"

#define PROGRESS_EVERY_MS 500

static void send(struct job *job, enum report_type type, const char *a, const char *b,
                 const char *c)
{
    if (job->pipe >= 0)
        report_send(job->pipe, type, a, b, c);
}

void job_step(struct job *job, const char *step)
{
    snprintf(job->step, sizeof job->step, "%s", step);
    job->progress_sent_ms = 0;
    send(job, REPORT_STEP, step, NULL, NULL);
}

void job_progress(struct job *job, int64_t done, int64_t total, const char *unit)
{
    char a[24], b[24];
    int64_t now = clock_monotonic_ms();
    if (now - job->progress_sent_ms < PROGRESS_EVERY_MS && (total == 0 || done != total))
        return;
    job->progress_sent_ms = now;
    snprintf(a, sizeof a, "%" PRId64, done);
    snprintf(b, sizeof b, "%" PRId64, total);
    send(job, REPORT_PROGRESS, a, b, unit);
}

/* Control characters become blanks: a line of the log is one line on a page. */
static void blank_controls(struct buf *text, bool keep_newlines)
{
    for (size_t i = 0; i < text->len; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if ((c < 0x20 && !(keep_newlines && c == '\n')) || c == 0x7f)
            text->data[i] = ' ';
    }
}

void job_log(struct job *job, enum job_level level, const char *format, ...)
{
    static const enum log_level levels[] = {LOG_INFO, LOG_WARN, LOG_ERROR, LOG_DEBUG};
    struct buf text = BUF_INIT;
    char digit[2] = {(char)('0' + level), '\0'};
    va_list ap;
    va_start(ap, format);
    buf_vaddf(&text, format, ap);
    va_end(ap);
    blank_controls(&text, level == JOB_RAW);
    log_event(levels[level], "job-line", "job", job->id_text, "request_id", job->request_id, "step",
              job->step[0] ? job->step : NULL, "text", buf_str(&text), NULL);
    send(job, REPORT_LINE, digit, job->step, buf_str(&text));
    buf_free(&text);
}

int job_fence(struct job *job, struct err *e)
{
    struct db_result *r = NULL;
    if (db_call(job->db, &query_job_fence, &r, e, job->id_text, job->token_text))
        return -1;
    bool held = db_value_bool(r, 0, "held");
    db_result_free(r);
    return held ? 0
                : err_set(e, ERR_CANCELLED, "the job was cancelled or taken over by another run");
}
