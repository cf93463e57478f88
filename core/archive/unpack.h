// SPDX-License-Identifier: Apache-2.0
/*
 * Compressed indexes, unpacked by apt's helper in a process of its own that may read that one
 * folder: what is packed is a stranger's, and what it unpacks to has a known size and hash.
 */
#ifndef CORE_ARCHIVE_UNPACK_H
#define CORE_ARCHIVE_UNPACK_H

#include <stddef.h>
#include <stdint.h>

#include "core/archive/hash.h"
#include "core/base/err.h"

struct unpack {
    const char *folder; /* that holds the file */
    const char *name;   /* its ending says how it is packed */
    int64_t size_max;   /* of the result; more is ERR_INPUT */
    const int *keep_fds;
    int64_t deadline_ms; /* for this file */
    const char *to;      /* written there; NULL: hashed only */
};

/* sums gets size and SHA-256 of the result. ERR_INPUT: it cannot be unpacked, or is larger. */
int unpack_file(const struct unpack *u, struct hash_sums *sums, struct err *e);

#endif
