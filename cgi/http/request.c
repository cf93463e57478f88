// SPDX-License-Identifier: Apache-2.0
#include "cgi/http/request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cgi/http/text.h"

#define BODY_MAX                                                                                   \
    (16u << 20) /* no route takes more: the sum in request_content_length cannot wrap */

const char *request_variable(const struct request *r, const char *name)
{
    size_t len = strlen(name);
    for (char *const *p = r->env; *p; p++)
        if (!strncmp(*p, name, len) && (*p)[len] == '=')
            return *p + len + 1;
    return NULL;
}

static const char *variable_or_empty(const struct request *r, const char *name)
{
    const char *value = request_variable(r, name);
    return value ? value : "";
}

static enum request_method method_of(const char *name)
{
    if (!strcmp(name, "GET"))
        return METHOD_GET;
    if (!strcmp(name, "HEAD"))
        return METHOD_HEAD;
    if (!strcmp(name, "POST"))
        return METHOD_POST;
    return METHOD_OTHER;
}

void request_init(struct request *r, struct arena *arena, char *const *env,
                  struct request_input input)
{
    *r = (struct request){.arena = arena, .env = env, .input = input};
    r->method = method_of(variable_or_empty(r, "REQUEST_METHOD"));
    r->script = variable_or_empty(r, "SCRIPT_NAME");
    r->path = variable_or_empty(r, "PATH_INFO");
    r->query = variable_or_empty(r, "QUERY_STRING");
    size_t len = strlen(r->path);
    r->path_valid =
        len <= REQUEST_PATH_MAX && (len == 0 || r->path[0] == '/') && text_is_clean(r->path, len);
}

const char *request_header(const struct request *r, const char *name)
{
    char variable[80] = "HTTP_";
    size_t n = 5;
    if (!strcasecmp(name, "content-type") || !strcasecmp(name, "content-length"))
        n = 0; /* RFC 3875 section 4.1: these two have no prefix */
    for (; *name && n + 1 < sizeof(variable); name++)
        variable[n++] = *name == '-' ? '_' : (char)toupper((unsigned char)*name);
    variable[n] = '\0';
    return *name ? NULL : request_variable(r, variable);
}

const char *request_id(const struct request *r)
{
    const char *id = request_variable(r, "UNIQUE_ID");
    if (!id)
        id = request_header(r, "x-request-id");
    if (!id || !*id || strlen(id) > 64)
        return NULL;
    for (const char *p = id; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-_.@:", *p))
            return NULL;
    return id;
}

int request_content_length(const struct request *r, size_t *length)
{
    const char *text = request_variable(r, "CONTENT_LENGTH");
    size_t n = 0;
    if (!text || !*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        n = n * 10 + (size_t)(*text - '0');
        if (n > BODY_MAX)
            n = BODY_MAX + 1; /* stays above every limit, however many digits follow */
    }
    *length = n;
    return 0;
}

bool request_is_json(const struct request *r)
{
    static const char json[] = "application/json";
    const char *type = request_variable(r, "CONTENT_TYPE");
    if (!type || strncasecmp(type, json, sizeof(json) - 1) != 0)
        return false;
    type += sizeof(json) - 1;
    while (*type == ' ' || *type == '\t')
        type++;
    return *type == '\0' || *type == ';';
}

int request_read_body(struct request *r, size_t length)
{
    char *body = arena_alloc(r->arena, length + 1);
    size_t have = 0;
    while (have < length) {
        long n = r->input.read(r->input.data, body + have, length - have);
        if (n <= 0)
            return -1;
        have += (size_t)n;
    }
    r->body = body;
    r->body_len = length;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes len bytes of a query's name or value. NULL if they are not well-formed. */
static const char *query_decode(struct arena *arena, const char *in, size_t len)
{
    char *out = arena_alloc(arena, len + 1);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        int high, low;
        if (in[i] == '+') {
            out[n++] = ' ';
        } else if (in[i] != '%') {
            out[n++] = in[i];
        } else {
            if (i + 2 >= len || (high = hex_digit(in[i + 1])) < 0 ||
                (low = hex_digit(in[i + 2])) < 0)
                return NULL;
            out[n++] = (char)(high << 4 | low);
            i += 2;
        }
    }
    return text_is_clean(out, n) ? out : NULL;
}

static int query_add(struct request *r, const char *pair, size_t len)
{
    const char *equals = memchr(pair, '=', len);
    size_t name_len = equals ? (size_t)(equals - pair) : len;
    size_t value_at = equals ? name_len + 1 : len;
    const char *name = query_decode(r->arena, pair, name_len);
    const char *value = query_decode(r->arena, pair + value_at, len - value_at);
    if (!name || !value || r->param_count == REQUEST_PARAM_MAX)
        return -1;
    r->params[r->param_count++] = (struct request_param){name, value};
    return 0;
}

int request_parse_query(struct request *r)
{
    const char *p = r->query;
    r->param_count = 0;
    if (strlen(p) > REQUEST_QUERY_MAX)
        return -1;
    r->params = arena_alloc(r->arena, REQUEST_PARAM_MAX * sizeof(*r->params));
    while (*p) {
        size_t len = strcspn(p, "&");
        if (len && query_add(r, p, len) < 0) {
            r->param_count = 0;
            return -1;
        }
        p += len + (p[len] == '&');
    }
    return 0;
}

static const char *find(const struct request_param *items, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(items[i].name, name))
            return items[i].value;
    return NULL;
}

const char *request_param(const struct request *r, const char *name)
{
    return find(r->params, r->param_count, name);
}

const char *request_value(const struct request *r, const char *name)
{
    return find(r->values, r->value_count, name);
}

/* One entity-tag of If-None-Match against ours, both with quotes. mod_deflate sends "x-gzip" for
 * "x", so the client brings that back. */
static bool etag_equal(const char *theirs, size_t len, const char *ours)
{
    static const char gzip[] = "-gzip\"";
    size_t our_len = strlen(ours);
    if (len == our_len)
        return !memcmp(theirs, ours, len);
    return len == our_len + sizeof(gzip) - 2 && !memcmp(theirs, ours, our_len - 1) &&
           !memcmp(theirs + our_len - 1, gzip, sizeof(gzip) - 1);
}

bool request_has_etag(const struct request *r, const char *etag)
{
    const char *p = request_header(r, "if-none-match");
    if (!p)
        return false;
    p += strspn(p, " \t");
    if (p[0] == '*' && p[1 + strspn(p + 1, " \t")] == '\0')
        return true;
    while (*p) {
        p += strspn(p, " \t,");
        if (!strncmp(p, "W/", 2))
            p += 2;
        if (*p != '"')
            return false;
        const char *end = strchr(p + 1, '"');
        if (!end)
            return false;
        if (etag_equal(p, (size_t)(end + 1 - p), etag))
            return true;
        p = end + 1;
    }
    return false;
}
