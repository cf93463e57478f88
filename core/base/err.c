// SPDX-License-Identifier: Apache-2.0
#include "core/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One line, and never half a UTF-8 character at the end: the text goes to pages and the database.
 */
static void clean_text(char *text, size_t size)
{
    size_t len = strlen(text);
    if (len == size - 1) {
        while (len > 0 && ((unsigned char)text[len - 1] & 0xC0) == 0x80)
            len--;
        if (len > 0 && (unsigned char)text[len - 1] >= 0xC0)
            len--;
        text[len] = '\0';
    }
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = ' ';
}

__attribute__((format(printf, 3, 0))) static void set_text(struct err *e, enum err_code code,
                                                           const char *format, va_list ap)
{
    char text[sizeof e->text]; /* the arguments may point into e->text */
    if (vsnprintf(text, sizeof text, format, ap) < 0)
        snprintf(text, sizeof text, "%s", "error without text");
    clean_text(text, sizeof text);
    memcpy(e->text, text, sizeof text);
    e->code = code;
    e->detail[0] = '\0';
}

int err_set(struct err *e, enum err_code code, const char *format, ...)
{
    if (e) {
        va_list ap;
        va_start(ap, format);
        set_text(e, code, format, ap);
        va_end(ap);
    }
    return -1;
}

int err_errno(struct err *e, const char *format, ...)
{
    int number = errno;
    if (!e)
        return -1;
    va_list ap;
    va_start(ap, format);
    set_text(e, ERR_SYSTEM, format, ap);
    va_end(ap);
    size_t len = strlen(e->text);
    snprintf(e->text + len, sizeof e->text - len, ": %s", strerror(number));
    clean_text(e->text, sizeof e->text);
    errno = number;
    return -1;
}

int err_context(struct err *e, const char *format, ...)
{
    if (!e)
        return -1;
    char text[sizeof e->text];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    for (const char *p = ": "; *p && used < sizeof text - 1; p++)
        text[used++] = *p;
    for (const char *p = e->text; *p && used < sizeof text - 1; p++)
        text[used++] = *p;
    text[used] = '\0';
    clean_text(text, sizeof text);
    memcpy(e->text, text, sizeof text);
    return -1;
}

int err_detail(struct err *e, const char *raw, long length)
{
    if (!e || !raw)
        return -1;
    size_t len = length < 0 ? strlen(raw) : (size_t)length;
    size_t room = sizeof e->detail - 1;
    if (len > room) { /* the reason usually stands at the end */
        raw += len - room;
        len = room;
        while (len > 0 && ((unsigned char)*raw & 0xC0) == 0x80)
            raw++, len--;
    }
    for (size_t i = 0; i < len; i++) {
        char c = raw[i];
        e->detail[i] = (((unsigned char)c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) ? ' ' : c;
    }
    e->detail[len] = '\0';
    return -1;
}

bool err_is_transient(const struct err *e)
{
    return e->code == ERR_TRANSIENT || e->code == ERR_NOT_READY || e->code == ERR_DATABASE ||
           e->code == ERR_SYSTEM;
}

void err_clear(struct err *e)
{
    e->code = ERR_NONE;
    e->text[0] = '\0';
    e->detail[0] = '\0';
}
