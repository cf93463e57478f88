// SPDX-License-Identifier: Apache-2.0
/*
 * One answer: status, headers, body. It is built in memory and written at the end, so that an
 * error in the middle can still become an error page. Writes no HTML and no JSON but the fixed
 * reason words of errors: PostgreSQL writes all other JSON, templates all markup.
 */
#ifndef CGI_HTTP_RESPONSE_H
#define CGI_HTTP_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "cgi/http/request.h"
#include "core/base/buf.h"

struct response {
    int status;         /* 200 after response_reset */
    struct buf headers; /* "Name: value\r\n" lines, private */
    struct buf body;    /* handlers append to it */
    const char *type;   /* Content-Type; a literal, or in the request's arena. NULL: no body */
};

#define RESPONSE_INIT                                                                              \
    {                                                                                              \
        200, BUF_INIT, BUF_INIT, NULL                                                              \
    }

/* Empties it for the next request. A body that grew beyond 1 MiB gives its memory back. */
void response_reset(struct response *res);
void response_free(struct response *res);

/* Adds a header. Control characters in the value (a header injected by a line break) abort the
 * process: callers pass fixed words and encoded values. */
void response_header(struct response *res, const char *name, const char *value);

/* Sets ETag to the quoted tag and Vary, and asks whether the client has it: true means that the
 * response is now a 304 and the handler is done. `tag` has no quotes and no control characters. */
bool response_etag(struct response *res, const struct request *req, const char *tag);

/* Answers {"error": "reason"} with that status; what was in the body is dropped. */
void response_error(struct response *res, int status, const char *reason);

/* 301, 302 or 308 to an absolute path or URL, percent-encoded by the caller. */
void response_redirect(struct response *res, int status, const char *location);

/* Appends a string as JSON writes it, quotes included: for reason words and ids of our own. */
void response_json_string(struct buf *out, const char *s);

/* Appends text percent-encoded for a path segment; keep_slash leaves slashes as they are. */
void response_encode_path(struct buf *out, const char *text, bool keep_slash);

/* Appends the whole answer in CGI form (Status:, headers, empty line, body): no body for HEAD and
 * 304, Content-Length always that of the body. */
void response_write(struct response *res, const struct request *req, struct buf *out);

#endif
