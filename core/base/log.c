// SPDX-License-Identifier: Apache-2.0
#include "core/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"

static struct {
    char program[32];
    enum log_level max;
    bool journal;
} state = {.program = "deb-status", .max = LOG_INFO};

void log_open(const char *program, enum log_level max)
{
    const char *wanted = getenv("DEB_STATUS_LOG");
    snprintf(state.program, sizeof state.program, "%s", program);
    state.max = wanted && strcmp(wanted, "debug") == 0 ? LOG_DEBUG : max;
    state.journal = getenv("JOURNAL_STREAM") != NULL;
}

static const char *level_word(enum log_level level)
{
    switch (level) {
    case LOG_ERROR:
        return "error";
    case LOG_WARN:
        return "warning";
    case LOG_NOTE:
        return "notice";
    case LOG_INFO:
        return "info";
    case LOG_DEBUG:
        break;
    }
    return "debug";
}

/* Bare if it is one safe word, else quoted with everything else escaped. */
static void add_value(struct buf *line, const char *value)
{
    bool bare = *value != '\0';
    for (const unsigned char *p = (const unsigned char *)value; *p && bare; p++)
        bare = *p > 0x20 && *p < 0x7f && *p != '"' && *p != '\\' && *p != '=';
    if (bare) {
        buf_add_str(line, value);
        return;
    }
    buf_add_char(line, '"');
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) {
        if (*p == '\n')
            buf_add_str(line, "\\n");
        else if (*p == '"' || *p == '\\')
            buf_addf(line, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f)
            buf_addf(line, "\\x%02x", *p);
        else
            buf_add_char(line, (char)*p);
    }
    buf_add_char(line, '"');
}

void log_event(enum log_level level, const char *event, ...)
{
    if (level > state.max)
        return;
    struct buf line = BUF_INIT;
    if (state.journal)
        buf_addf(&line, "<%d>%s: %s", (int)level, state.program, event);
    else
        buf_addf(&line, "%s: %s: %s", state.program, level_word(level), event);
    va_list ap;
    va_start(ap, event);
    for (const char *key; (key = va_arg(ap, const char *));) {
        const char *value = va_arg(ap, const char *);
        if (!value)
            continue;
        buf_addf(&line, " %s=", key);
        add_value(&line, value);
    }
    va_end(ap);
    buf_add_char(&line, '\n');
    /* One write, so that lines of several processes do not mix. Nobody to tell if it fails. */
    ssize_t ignored = write(STDERR_FILENO, line.data, line.len);
    (void)ignored;
    buf_free(&line);
}

const char *log_num(long long n)
{
    static char texts[8][24];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    snprintf(text, sizeof texts[0], "%lld", n);
    return text;
}
