// SPDX-License-Identifier: Apache-2.0
/*
 * One line per event to stderr: `<3>program: event key=value key="with space"` (the journal's
 * level prefix only if JOURNAL_STREAM is set, otherwise the level's word). Values are escaped
 * here: no newline or control character of a value reaches the log raw. No secrets are passed.
 */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };

/* Names the program; lines above `max` are dropped (DEB_STATUS_LOG=debug raises it). */
void log_open(const char *program, enum log_level max);

/* log_event(LOG_INFO, "job-done", "job", "17", "kind", "mirror", NULL): pairs of strings, ended
 * by NULL; a pair whose value is NULL is left out. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));

/* A number as a string for one log_event call: valid until the eighth next call. */
const char *log_num(long long n);

#endif
