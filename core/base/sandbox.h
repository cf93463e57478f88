// SPDX-License-Identifier: Apache-2.0
/*
 * Least rights for a process that reads what others wrote: which files it may read and write
 * (Landlock, where the kernel has it), no new privileges, limits on file size and memory. Rights
 * can only be taken away, never given back, and children have them no wider.
 */
#ifndef CORE_BASE_SANDBOX_H
#define CORE_BASE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

struct sandbox {
    int ruleset;              /* private; -1: no Landlock here */
    int64_t file_max_bytes;   /* no file grows above that; 0: no limit */
    int64_t memory_max_bytes; /* address space; 0: no limit */
    bool no_local_sockets;    /* none of AF_UNIX (socketpair() works): no service of this host */
};

/* Whether this kernel has Landlock. */
bool sandbox_available(void);

/* Prepares the rules: programs, libraries and the network's settings can be read, and the given
 * files and folders (NULL-terminated lists, what is absent is left out) read, or read and written.
 * Nothing holds before sandbox_enter. */
int sandbox_open(struct sandbox *s, const char *const *readable, const char *const *writable,
                 struct err *e);

/* Takes the rights away from the calling process. Only async-signal-safe calls: may run between
 * fork and exec. Returns 0, or -1 with errno. */
int sandbox_enter(const struct sandbox *s);

void sandbox_close(struct sandbox *s);

#endif
