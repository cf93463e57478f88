// SPDX-License-Identifier: Apache-2.0
#include "cgi/http/routes.h"

#include <string.h>

/* How many bytes of path a pattern's {name*} takes: what leaves as many segments as the pattern
 * has behind it. 0 if the path is too short. */
static size_t star_length(const char *path, const char *pattern)
{
    size_t behind = 0, end = strlen(path);
    for (const char *p = pattern; *p; p++)
        behind += *p == '/';
    while (behind > 0 && end > 0)
        behind -= path[--end] == '/';
    return behind > 0 ? 0 : end;
}

static bool value_add(struct request *r, const char *name, size_t name_len, const char *value,
                      size_t len)
{
    if (len == 0 || r->value_count == REQUEST_VALUE_MAX)
        return false;
    r->values[r->value_count++] = (struct request_param){arena_strndup(r->arena, name, name_len),
                                                         arena_strndup(r->arena, value, len)};
    return true;
}

/* A {name*} may not hold empty segments: /project//nova is another address than it looks. */
static bool has_empty_segment(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] == '/' && (i == 0 || i + 1 == len || s[i + 1] == '/'))
            return true;
    return false;
}

bool route_match(struct request *r, const char *pattern)
{
    const char *path = r->path;
    r->value_count = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        const char *close = strchr(pattern, '}');
        bool star = close[-1] == '*';
        size_t len = star ? star_length(path, close + 1) : strcspn(path, "/");
        size_t name_len = (size_t)(close - pattern - 1 - star);
        if (has_empty_segment(path, len) || !value_add(r, pattern + 1, name_len, path, len))
            return false;
        path += len;
        pattern = close + 1;
    }
    return *path == '\0';
}

static bool takes_method(const struct route *route, enum request_method method)
{
    return (route->methods & method) || (method == METHOD_HEAD && (route->methods & METHOD_GET));
}

static void answer_not_found(const struct http_app *app, struct request *req, struct response *res)
{
    if (app->not_found)
        app->not_found(req, res, app->data);
    else
        response_error(res, 404, "not-found");
}

static void answer_bad_method(const struct http_app *app, const struct route *route,
                              struct request *req, struct response *res)
{
    response_header(res, "Allow", route->methods & METHOD_GET ? "GET, HEAD" : "POST");
    if (app->bad_method)
        app->bad_method(req, res, app->data);
    else
        response_error(res, 405, "method");
}

static void answer_failure(const struct http_app *app, struct request *req, struct response *res,
                           const struct err *e)
{
    response_reset(res);
    if (app->failed) {
        app->failed(req, res, app->data, e);
        return;
    }
    switch (e->code) {
    case ERR_DATABASE:
        response_header(res, "Retry-After", "5");
        response_error(res, 503, "database");
        break;
    case ERR_NOT_FOUND:
        response_error(res, 404, "not-found");
        break;
    case ERR_INPUT:
        response_error(res, 400, "input");
        break;
    default:
        response_error(res, 500, "internal");
    }
}

/* The first row whose pattern fits and that takes the method; else one that fits, for its 405. */
static const struct route *route_find(const struct http_app *app, struct request *req)
{
    const struct route *other = NULL;
    for (const struct route *route = app->routes; route->pattern; route++) {
        if (!req->path_valid && !(route->needs & ROUTE_RAW_PATH))
            continue;
        if (!route_match(req, route->pattern))
            continue;
        if (takes_method(route, req->method))
            return route;
        if (!other)
            other = route;
    }
    return other;
}

void route_dispatch(const struct http_app *app, struct request *req, struct response *res)
{
    struct err e = {.code = ERR_NONE};
    const struct route *route = route_find(app, req);
    if (!route) {
        answer_not_found(app, req, res);
        return;
    }
    req->route = route;
    if (!takes_method(route, req->method)) {
        answer_bad_method(app, route, req, res);
        return;
    }
    if ((route->needs & NEED_QUERY) && request_parse_query(req) < 0) {
        response_error(res, 400, "query");
        return;
    }
    if (app->meet_needs && app->meet_needs(app->data, route->needs, req, &e) < 0) {
        answer_failure(app, req, res, &e);
        return;
    }
    if (route->handle(req, res, app->data, &e) < 0)
        answer_failure(app, req, res, &e);
}
