// SPDX-License-Identifier: Apache-2.0
/*
 * One request as CGI hands it over (RFC 3875), from FastCGI or from a plain CGI environment: read
 * out, decoded and bounded, never trusted. Knows no page and no sender. Everything it returns
 * lives in the request's arena and ends with the request.
 */
#ifndef CGI_HTTP_REQUEST_H
#define CGI_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"

#define REQUEST_PATH_MAX  2048 /* bytes of PATH_INFO */
#define REQUEST_QUERY_MAX 4096 /* bytes of QUERY_STRING */
#define REQUEST_PARAM_MAX 64   /* name=value pairs of it */
#define REQUEST_VALUE_MAX 8    /* path values of a route */

enum request_method { /* bits: a route names those that it takes */
                      METHOD_GET = 1,
                      METHOD_HEAD = 2,
                      METHOD_POST = 4,
                      METHOD_OTHER = 8,
};

struct route;

struct request_param {
    const char *name, *value; /* percent-decoded, UTF-8, no control characters */
};

/* Where the body comes from: returns bytes read (0 at the end), -1 on failure. */
struct request_input {
    long (*read)(void *data, char *out, size_t len);
    void *data;
};

struct request {
    struct arena *arena;
    char *const *env; /* "NAME=value", ended by NULL */
    struct request_input input;
    enum request_method method;
    const char
        *script;      /* SCRIPT_NAME: where the program is mounted, "/deb-status", "" at the root */
    const char *path; /* PATH_INFO, percent-decoded: "", or starts with a slash */
    bool path_valid;  /* within REQUEST_PATH_MAX, UTF-8 without control characters */
    const char *query;            /* QUERY_STRING, raw: "" if there is none */
    struct request_param *params; /* in order; filled by request_parse_query */
    size_t param_count;
    struct request_param values[REQUEST_VALUE_MAX]; /* of the route's {names} */
    const struct route *route; /* the one that is being answered (cgi/http/routes.h) */
    size_t value_count;
    const char *body; /* after request_read_body; NUL-terminated beyond body_len */
    size_t body_len;
};

/* Reads method, script, path and query out of env; touches no input. */
void request_init(struct request *r, struct arena *arena, char *const *env,
                  struct request_input input);

/* A CGI variable (REMOTE_ADDR, UNIQUE_ID), NULL if it is not set. */
const char *request_variable(const struct request *r, const char *name);

/* A header by its name ("webhook-id", "content-type"), NULL if it was not sent. Apache joins
 * repeated headers with ", ". */
const char *request_header(const struct request *r, const char *name);

/* An id for logs and rows: UNIQUE_ID of mod_unique_id, else X-Request-Id if it is a plain word
 * of up to 64 bytes, else NULL. */
const char *request_id(const struct request *r);

/* Content-Length. 0 if it is a plain decimal number, -1 if it is missing, malformed or too
 * large for any body. */
int request_content_length(const struct request *r, size_t *length);

/* True for application/json, with or without parameters (RFC 9110 section 8.3.1), in any case. */
bool request_is_json(const struct request *r);

/* Reads exactly length bytes into body. -1 if fewer come. The caller has checked the length
 * against its limit: nothing larger is ever allocated. */
int request_read_body(struct request *r, size_t length);

/* Splits and decodes the query: `a=b&c`, + as a space. -1 if it exceeds a limit, has a broken
 * percent sign, is not UTF-8 or has control characters; params is empty then. */
int request_parse_query(struct request *r);

/* The first parameter of that name; NULL if there is none. Empty values are "". */
const char *request_param(const struct request *r, const char *name);

/* What the route's {name} matched; NULL if the route has no such name. */
const char *request_value(const struct request *r, const char *name);

/* True if If-None-Match names that ETag (quoted, as sent), `*`, or the ETag with the suffix
 * that mod_deflate puts on it; weak comparison (RFC 9110 sections 8.8.3.2 and 13.1.2). */
bool request_has_etag(const struct request *r, const char *etag);

#endif
