// SPDX-License-Identifier: Apache-2.0
#include "core/format/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

const struct yaml_limits yaml_default_limits = {
    .bytes = 2 << 20, .scalar = 64 << 10, .nodes = 200000, .depth = 32};

struct parse {
    struct arena *arena;
    yaml_parser_t parser;
    const struct yaml_limits *limits;
    size_t nodes;
    int line; /* of the event in hand, or of the error */
    struct err *err;
};

static int fail(struct parse *p, int line, const char *why)
{
    p->line = line;
    return err_set(p->err, ERR_INPUT, "line %d: %s", line, why);
}

/* The next event, to be deleted by the caller if 0 is returned. */
static int next_event(struct parse *p, yaml_event_t *event)
{
    if (yaml_parser_parse(&p->parser, event)) {
        p->line = (int)event->start_mark.line + 1;
        return 0;
    }
    bool reader = p->parser.error == YAML_READER_ERROR; /* knows an offset, but no line */
    size_t line = reader ? p->parser.mark.line : p->parser.problem_mark.line;
    const char *why = p->parser.problem ? p->parser.problem : "not YAML";
    return fail(p, (int)line + 1, why);
}

static struct node *new_node(struct parse *p, enum yaml_kind kind)
{
    if (++p->nodes > p->limits->nodes) {
        fail(p, p->line, "too many values");
        return NULL;
    }
    struct node *n = arena_alloc(p->arena, sizeof *n);
    n->kind = kind;
    n->line = p->line;
    return n;
}

static int check_plain_data(struct parse *p, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return fail(p, p->line, "an anchor, which is not allowed");
    if (tag)
        return fail(p, p->line, "a tag, which is not allowed");
    return 0;
}

static struct node *scalar_node(struct parse *p, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t len = event->data.scalar.length;
    if (check_plain_data(p, event->data.scalar.anchor, event->data.scalar.tag) != 0)
        return NULL;
    if (len > p->limits->scalar || memchr(value, '\0', len)) {
        fail(p, p->line, len > p->limits->scalar ? "a value is too long" : "a NUL in a value");
        return NULL;
    }
    struct node *n = new_node(p, NODE_SCALAR);
    if (n) {
        n->text = arena_strndup(p->arena, value, len);
        n->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    }
    return n;
}

static struct node *read_node(struct parse *p, const yaml_event_t *event, int depth);

static void append(struct node *parent, struct node **last, struct node *item)
{
    *(*last ? &(*last)->next : &parent->first) = item;
    *last = item;
    parent->count++;
}

static int read_list(struct parse *p, struct node *list, int depth)
{
    for (struct node *last = NULL;;) {
        yaml_event_t event;
        if (next_event(p, &event) != 0)
            return -1;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return 0;
        }
        struct node *item = read_node(p, &event, depth + 1);
        yaml_event_delete(&event);
        if (!item)
            return -1;
        append(list, &last, item);
    }
}

/* Reads one value for the key; NULL if it fails. */
static struct node *read_value(struct parse *p, const struct node *key, int depth)
{
    yaml_event_t event;
    if (next_event(p, &event) != 0)
        return NULL;
    struct node *value = read_node(p, &event, depth + 1);
    yaml_event_delete(&event);
    if (value) {
        value->key = key->text;
        value->key_line = key->line;
    }
    return value;
}

static int compare_keys(const void *a, const void *b)
{
    const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
    int order = strcmp(x->key, y->key);
    return order ? order : x->key_line - y->key_line;
}

/* Sorts pointers rather than comparing all pairs: a hostile map may have many keys. */
static int check_repeated(struct parse *p, const struct node *map)
{
    if (map->count < 2)
        return 0;
    const struct node **keys = arena_alloc(p->arena, map->count * sizeof *keys);
    size_t n = 0;
    for (const struct node *item = map->first; item; item = item->next)
        keys[n++] = item;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (size_t i = 1; i < n; i++)
        if (strcmp(keys[i]->key, keys[i - 1]->key) == 0) {
            p->line = keys[i]->key_line;
            return err_set(p->err, ERR_INPUT, "line %d: the key '%s' stands twice", p->line,
                           keys[i]->key);
        }
    return 0;
}

static int read_map(struct parse *p, struct node *map, int depth)
{
    for (struct node *last = NULL;;) {
        yaml_event_t event;
        if (next_event(p, &event) != 0)
            return -1;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return check_repeated(p, map);
        }
        bool is_scalar = event.type == YAML_SCALAR_EVENT;
        struct node *key = is_scalar ? scalar_node(p, &event) : NULL;
        yaml_event_delete(&event);
        if (!is_scalar)
            return fail(p, p->line, "a key that is no plain text");
        struct node *value = key ? read_value(p, key, depth) : NULL;
        if (!value)
            return -1;
        append(map, &last, value);
    }
}

static struct node *read_collection(struct parse *p, enum yaml_kind kind, int depth)
{
    if (depth > p->limits->depth) {
        fail(p, p->line, "nested too deeply");
        return NULL;
    }
    struct node *n = new_node(p, kind);
    if (!n)
        return NULL;
    int rc = kind == NODE_LIST ? read_list(p, n, depth) : read_map(p, n, depth);
    return rc == 0 ? n : NULL;
}

static struct node *read_node(struct parse *p, const yaml_event_t *event, int depth)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return scalar_node(p, event);
    case YAML_SEQUENCE_START_EVENT:
        if (check_plain_data(p, event->data.sequence_start.anchor,
                             event->data.sequence_start.tag) != 0)
            return NULL;
        return read_collection(p, NODE_LIST, depth);
    case YAML_MAPPING_START_EVENT:
        if (check_plain_data(p, event->data.mapping_start.anchor, event->data.mapping_start.tag) !=
            0)
            return NULL;
        return read_collection(p, NODE_MAP, depth);
    default: /* an ALIAS: libyaml's grammar has nothing else where a value can be */
        fail(p, p->line, "an alias, which is not allowed");
        return NULL;
    }
}

/* Skips the stream's and the document's start; *event is then the document's root, or its end. */
static int open_document(struct parse *p, yaml_event_t *event)
{
    for (;;) {
        if (next_event(p, event) != 0)
            return -1;
        if (event->type != YAML_STREAM_START_EVENT && event->type != YAML_DOCUMENT_START_EVENT)
            return 0;
        yaml_event_delete(event);
    }
}

static int close_document(struct parse *p)
{
    for (;;) {
        yaml_event_t event;
        if (next_event(p, &event) != 0)
            return -1;
        yaml_event_type_t type = event.type;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return 0;
        if (type != YAML_DOCUMENT_END_EVENT)
            return fail(p, p->line, "a second document");
    }
}

static struct node *read_document(struct parse *p)
{
    yaml_event_t event;
    if (open_document(p, &event) != 0)
        return NULL;
    bool empty = event.type == YAML_STREAM_END_EVENT || event.type == YAML_DOCUMENT_END_EVENT;
    bool ended = event.type == YAML_STREAM_END_EVENT;
    struct node *root = empty ? new_node(p, NODE_MAP) : read_node(p, &event, 0);
    yaml_event_delete(&event);
    if (root && !ended && close_document(p) != 0)
        return NULL;
    if (root && yaml_is_null(root)) { /* only comments: an empty map, as promised */
        root->kind = NODE_MAP;
        root->text = NULL;
    }
    return root;
}

struct node *yaml_parse(struct arena *a, const char *data, size_t len,
                        const struct yaml_limits *limits, int *error_line, struct err *e)
{
    struct parse p = {.arena = a, .limits = limits ? limits : &yaml_default_limits, .err = e};
    struct node *root = NULL;
    if (error_line)
        *error_line = 1;
    if (len > p.limits->bytes) {
        fail(&p, 1, "the file is too large");
        return NULL;
    }
    if (!yaml_parser_initialize(&p.parser)) {
        err_set(e, ERR_SYSTEM, "no memory for the YAML parser");
        return NULL;
    }
    yaml_parser_set_encoding(&p.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&p.parser, (const unsigned char *)data, len);
    root = read_document(&p);
    yaml_parser_delete(&p.parser);
    if (!root && error_line)
        *error_line = p.line;
    return root;
}

struct node *yaml_get(const struct node *map, const char *key)
{
    if (!map || map->kind != NODE_MAP)
        return NULL;
    for (struct node *n = map->first; n; n = n->next)
        if (strcmp(n->key, key) == 0)
            return n;
    return NULL;
}

bool yaml_is_null(const struct node *n)
{
    if (!n)
        return true;
    if (n->kind != NODE_SCALAR || !n->plain)
        return false;
    return n->text[0] == '\0' || strcmp(n->text, "~") == 0 || strcasecmp(n->text, "null") == 0;
}

const char *yaml_text(const struct node *n)
{
    return n && n->kind == NODE_SCALAR && !yaml_is_null(n) ? n->text : NULL;
}
