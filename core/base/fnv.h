// SPDX-License-Identifier: Apache-2.0
/*
 * FNV-1a, 64 bits: names for folders and marks that tell whether something has changed. No
 * protection against whoever makes up a text. http://www.isthe.com/chongo/tech/comp/fnv/
 */
#ifndef CORE_BASE_FNV_H
#define CORE_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_START UINT64_C(14695981039346656037)

static inline uint64_t fnv_add(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *p = (const unsigned char *)data;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return hash;
}

#endif
