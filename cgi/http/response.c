// SPDX-License-Identifier: Apache-2.0
#include "cgi/http/response.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define KEEP_BODY_BYTES (1u << 20)

void response_reset(struct response *res)
{
    res->status = 200;
    res->type = NULL;
    buf_reset(&res->headers);
    if (res->body.cap > KEEP_BODY_BYTES)
        buf_free(&res->body);
    buf_reset(&res->body);
}

void response_free(struct response *res)
{
    buf_free(&res->headers);
    buf_free(&res->body);
}

void response_header(struct response *res, const char *name, const char *value)
{
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            abort();
    buf_addf(&res->headers, "%s: %s\r\n", name, value);
}

bool response_etag(struct response *res, const struct request *req, const char *tag)
{
    char *etag = arena_printf(req->arena, "\"%s\"", tag);
    response_header(res, "ETag", etag);
    response_header(res, "Vary", "Accept-Encoding");
    if (!request_has_etag(req, etag))
        return false;
    res->status = 304;
    res->type = NULL;
    buf_reset(&res->body);
    return true;
}

void response_json_string(struct buf *out, const char *s)
{
    buf_add_char(out, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            buf_addf(out, "\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            buf_addf(out, "\\u%04x", *s);
        else
            buf_add_char(out, *s);
    }
    buf_add_char(out, '"');
}

void response_error(struct response *res, int status, const char *reason)
{
    res->status = status;
    res->type = "application/json";
    buf_reset(&res->body);
    buf_add_str(&res->body, "{\"error\": ");
    response_json_string(&res->body, reason);
    buf_add_str(&res->body, "}\n");
}

void response_redirect(struct response *res, int status, const char *location)
{
    res->status = status;
    res->type = NULL;
    buf_reset(&res->body);
    response_header(res, "Location", location);
}

void response_encode_path(struct buf *out, const char *text, bool keep_slash)
{
    /* RFC 3986: unreserved, and what a segment may hold besides (no & and ' for HTML's sake) */
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (isalnum(*p) || strchr("-._~:@+$!*(),;=", *p) || (keep_slash && *p == '/'))
            buf_add_char(out, (char)*p);
        else
            buf_addf(out, "%%%02X", *p);
    }
}

void response_write(struct response *res, const struct request *req, struct buf *out)
{
    buf_addf(out, "Status: %d\r\n", res->status);
    buf_add(out, buf_str(&res->headers), res->headers.len);
    if (res->type)
        buf_addf(out, "Content-Type: %s\r\n", res->type);
    if (res->status != 304)
        buf_addf(out, "Content-Length: %zu\r\n", res->body.len);
    buf_add_str(out, "\r\n");
    if (req->method != METHOD_HEAD && res->status != 304)
        buf_add(out, buf_str(&res->body), res->body.len);
}
