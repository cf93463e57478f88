// SPDX-License-Identifier: Apache-2.0
/*
 * The tags of a repository that are versions, asked for without a clone (as `git ls-remote` does).
 */
#ifndef CORE_UPSTREAM_TAGS_H
#define CORE_UPSTREAM_TAGS_H

#include <stddef.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/upstream/deliverable.h"

/* Versions with the hash of the commit they stand for, as the server lists them. pattern: a glob
 * with one `*`, which is the version; tags of another form or without a version are left out.
 * print: everything that the result depends on is appended, to tell whether it is another one.
 * repository_init has been called. ERR_TRANSIENT: not reached. */
int tags_list(struct arena *a, const char *location, const char *pattern,
              struct deliverable_version **out, size_t *count, struct buf *print, struct err *e);

/* The version in a tag's name; NULL: the pattern does not match. */
const char *tags_match(struct arena *a, const char *pattern, const char *tag);

#endif
