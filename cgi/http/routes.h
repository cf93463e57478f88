// SPDX-License-Identifier: Apache-2.0
/*
 * The table of what a program answers, and the one dispatcher over it. A program lists its routes
 * (method, pattern, needs, handler), the dispatcher finds the first that fits, checks the needs
 * once, and calls it.
 *
 * A pattern is literal but for {name}, one segment, and {name*}, one or more segments (at most one
 * of these in a pattern): "/{series}/{target}/badge.svg", "/project/{repo*}/feed.atom". Segments
 * are never empty. The first row that matches wins, so the special stands before the general.
 */
#ifndef CGI_HTTP_ROUTES_H
#define CGI_HTTP_ROUTES_H

#include "cgi/http/request.h"
#include "cgi/http/response.h"
#include "core/base/err.h"

/* What a handler needs; met by the program's meet_needs before the handler runs. Bits from
 * NEED_PROGRAM on are the program's own. */
enum {
    NEED_NOTHING = 0,
    NEED_QUERY = 1,    /* the query parsed: answered 400 `query` by the dispatcher if it cannot */
    NEED_DATABASE = 2, /* an open connection */
    NEED_PROGRAM = 4,
    ROUTE_RAW_PATH = 1 << 30, /* takes a path that is not valid UTF-8 as well */
};

struct route {
    unsigned methods; /* METHOD_GET brings METHOD_HEAD with it */
    const char *pattern;
    unsigned needs;
    /* 0: the response is complete. -1: e says why, and the program's `failed` answers. */
    int (*handle)(struct request *req, struct response *res, void *data, struct err *e);
    const void *more; /* the program's own, read by its handler as req->route->more */
};

struct http_app {
    const char *name;
    const struct route *routes; /* ended by a row whose pattern is NULL */
    void *data;                 /* given to all of these */
    /* Each may be NULL. */
    void (*begin)(void *data); /* before each request: a changed configuration, clocks */
    void (*idle)(void *data);  /* about once a second between requests */
    int (*meet_needs)(void *data, unsigned needs, struct request *req, struct err *e);
    void (*not_found)(struct request *req, struct response *res, void *data);
    void (*bad_method)(struct request *req, struct response *res, void *data);
    void (*failed)(struct request *req, struct response *res, void *data, const struct err *e);
    void (*end)(void *data); /* after the answer was sent: close a transaction */
};

/* True if the path fits; fills r's values (in r's arena). */
bool route_match(struct request *r, const char *pattern);

/* Answers one request. Defaults without the callbacks: 404 `not-found`, 405 `method`, 503
 * `database` with Retry-After for ERR_DATABASE, 404 for ERR_NOT_FOUND, 400 for ERR_INPUT, else
 * 500 `internal`, all as JSON. */
void route_dispatch(const struct http_app *app, struct request *req, struct response *res);

#endif
