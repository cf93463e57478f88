// SPDX-License-Identifier: Apache-2.0
/*
 * Where a mirror's `from` leads: an rsync daemon (rsync://HOST/MODULE), ssh (HOST:PATH) or a local
 * path; and the host's addresses. A name is looked up by a process of its own, so that a transfer
 * needs no UDP, and no answer of a name server is read by a process that has the database.
 */
#ifndef CORE_ARCHIVE_ADDRESS_H
#define CORE_ARCHIVE_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"

#define ADDRESSES_MAX 8
#define ADDRESS_SIZE  64 /* of IPv6 with the name of an interface, and NUL */

enum address_kind { ADDRESS_PATH, ADDRESS_DAEMON, ADDRESS_SSH };

struct address {
    enum address_kind kind;
    const char *user; /* with its @; "" if there is none */
    const char *host; /* without brackets; NULL: a local path */
    uint16_t port;    /* TCP; 0: a local path */
    const char *path; /* from the slash (daemon) or what is after the colon (ssh) on */
};

/* The parts of `from`, in the arena. */
struct address address_read(struct arena *a, const char *from);

/* The host's addresses as numbers, in the order in which they should be tried. keep_fds: as in
 * struct proc_spec. ERR_TRANSIENT if it has none or no name server answers. */
int address_look_up(const char *host, const int *keep_fds, int64_t deadline_ms,
                    char out[ADDRESSES_MAX][ADDRESS_SIZE], size_t *count, struct err *e);

#endif
