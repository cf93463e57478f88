// SPDX-License-Identifier: Apache-2.0
/*
 * Private to core/upstream: fields of a YAML file that somebody else wrote. Each function that
 * fails says what it did not expect, with its line. What is read lives in the caller's arena, the
 * file's tree goes when the reading ends.
 */
#ifndef CORE_UPSTREAM_READING_H
#define CORE_UPSTREAM_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/format/yaml.h"

enum { READING_NAME_MAX = 100, READING_REPO_MAX = 200, READING_TEXT_MAX = 200 };

struct reading {
    struct arena *arena; /* of what is given out */
    struct arena nodes;  /* of the tree, and for work */
    int *line;
    struct err *e;
};

/* The file's tree, NULL if it is no YAML. Close in either case. */
const struct node *reading_open(struct reading *r, struct arena *a, const char *data, size_t len,
                                int *line, struct err *e);
void reading_close(struct reading *r);

/* "line N: ..." with ERR_INPUT. Returns -1. */
int reading_fail(struct reading *r, const struct node *n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line of text without control characters; *out is NULL if the key is not there. */
int reading_text(struct reading *r, const struct node *map, const char *key, const char **out);
/* As above, and it must be there. */
int reading_required(struct reading *r, const struct node *map, const char *key, const char **out);
/* A list or a map; *out is NULL if the key is not there. */
int reading_collection(struct reading *r, const struct node *map, const char *key,
                       enum yaml_kind kind, const struct node **out);

/* Names as core/base/name.h has them, up to READING_NAME_MAX bytes; a repo has such parts with
 * slashes between them. */
bool reading_is_name(const char *s);
bool reading_is_repo(const char *s);
const char *reading_last_part(const char *repo);

#endif
