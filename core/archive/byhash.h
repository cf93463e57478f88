// SPDX-License-Identifier: Apache-2.0
/*
 * by-hash: each index also under its hash, and there the indexes of earlier generations, kept by
 * time: a client that has read an older Release still finds what that lists.
 */
#ifndef CORE_ARCHIVE_BYHASH_H
#define CORE_ARCHIVE_BYHASH_H

#include <stdint.h>

#include "core/archive/run.h"

/* Fills the by-hash folders of the tree `next` for the listed files (release), and links those of
 * the published tree that were listed within the grace time. */
int byhash_fill(struct suite *s, const char *next, const char *published,
                const struct release *release, int64_t grace_s, struct err *e);

#endif
