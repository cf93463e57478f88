// SPDX-License-Identifier: Apache-2.0
/*
 * YAML (libyaml's events) into a small tree with line numbers, with limits: bytes, depth, nodes,
 * scalar length. Anchors, aliases and tags are refused (they can expand without end), duplicate
 * keys too. Knows nothing of what the fields mean.
 */
#ifndef CORE_FORMAT_YAML_H
#define CORE_FORMAT_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/err.h"

enum yaml_kind { NODE_SCALAR, NODE_LIST, NODE_MAP };

struct node {
    enum yaml_kind kind;
    int line;         /* from 1 */
    bool plain;       /* a scalar without quotes: may mean null, a number, a bool */
    const char *text; /* scalar: valid UTF-8 without NUL; else NULL */
    const char *key;  /* as an item of a map, its key; else NULL */
    int key_line;
    struct node *first; /* items of a list or map, in order */
    struct node *next;  /* the next item of the parent */
    size_t count;
};

struct yaml_limits {
    size_t bytes, scalar, nodes;
    int depth;
};

/* 2 MiB, 64 KiB, 200,000, 32: enough for every file of openstack/releases by a factor of ten. */
extern const struct yaml_limits yaml_default_limits;

/* Parses one document; the tree lives in the arena. An empty document is an empty map. Errors are
 * ERR_INPUT, text "line N: ...", and *error_line (may be NULL) has the line. */
struct node *yaml_parse(struct arena *a, const char *data, size_t len,
                        const struct yaml_limits *limits, int *error_line, struct err *e);

struct node *yaml_get(const struct node *map, const char *key); /* NULL: not there, or no map */
bool yaml_is_null(const struct node *n);                        /* NULL, plain empty, ~, null */
/* The text of a scalar, NULL for null or anything else. */
const char *yaml_text(const struct node *n);

#endif
