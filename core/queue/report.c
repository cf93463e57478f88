// SPDX-License-Identifier: Apache-2.0
#include "core/queue/report.h"

#include <stdint.h>
#include <string.h>

#include "core/base/file.h"

#define FIELD_MAX 10000 /* three of them fit into a frame */

/* A frame: length of what follows (4 bytes, host order), type, three strings each with its NUL. */
static void add_field(struct buf *out, const char *text)
{
    size_t len = text ? strnlen(text, FIELD_MAX) : 0;
    if (len == FIELD_MAX) /* no half character at the cut */
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    buf_add(out, text ? text : "", len);
    buf_add_char(out, '\0');
}

int report_send(int fd, enum report_type type, const char *a, const char *b, const char *c)
{
    struct buf out = BUF_INIT;
    uint32_t length = 0;
    buf_add(&out, &length, sizeof length);
    buf_add_char(&out, (char)type);
    add_field(&out, a);
    add_field(&out, b);
    add_field(&out, c);
    length = (uint32_t)(out.len - sizeof length);
    memcpy(out.data, &length, sizeof length);
    int rc = file_write_all(fd, out.data, out.len);
    buf_free(&out);
    return rc;
}

int report_next(const struct buf *in, size_t *at, struct report *out)
{
    uint32_t length;
    size_t left = in->len - *at;
    if (left < sizeof length)
        return 0;
    memcpy(&length, in->data + *at, sizeof length);
    if (length < 2 || length > REPORT_MAX)
        return -1;
    if (left - sizeof length < length)
        return 0;
    const char *text = in->data + *at + sizeof length, *end = text + length;
    if (end[-1] != '\0')
        return -1;
    out->type = (enum report_type)(unsigned char)*text++;
    for (int i = 0; i < REPORT_FIELDS; i++) {
        out->fields[i] = text < end ? text : "";
        text += text < end ? strlen(text) + 1 : 0;
    }
    *at += sizeof length + length;
    return 1;
}
