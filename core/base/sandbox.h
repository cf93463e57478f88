// SPDX-License-Identifier: Apache-2.0
/*
 * Least rights for a process that reads what others wrote: which files it may read and write,
 * which ports it may reach, whom it may signal (Landlock, as far as the kernel has it), no new
 * privileges, limits on file size and memory. Rights can only be taken away, never given back, and
 * children have them no wider.
 */
#ifndef CORE_BASE_SANDBOX_H
#define CORE_BASE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

/* Sockets that may be made (by seccomp, as far as we know the machine; socketpair() works always).
 * All but the first take local sockets and all protocols away that Landlock does not look at. */
enum sandbox_sockets {
    SANDBOX_ALL_SOCKETS,
    SANDBOX_NO_SOCKETS,
    SANDBOX_TCP,     /* to connect with, to the rules' ports */
    SANDBOX_TCP_UDP, /* for name services: no rule can say where UDP goes */
};

struct sandbox {
    int ruleset;              /* private; -1: no Landlock here */
    int64_t file_max_bytes;   /* no file grows above that; 0: no limit */
    int64_t memory_max_bytes; /* address space; 0: no limit */
    enum sandbox_sockets sockets;
};

struct sandbox_rules {
    /* Files and folders, NULL-terminated lists (NULL: none); what is absent is left out. */
    const char *const *readable, *const *writable;
    bool reads_all;        /* reading and executing are not limited; readable is not looked at */
    bool plain_files;      /* of new things, files and folders alone: no link leads elsewhere */
    const uint16_t *ports; /* TCP ports that may be connected to, ended by 0; NULL: all */
    bool alone;            /* no signal to, no abstract socket of a process outside */
};

/* Whether this kernel has Landlock, as far as it is of use. */
bool sandbox_available(void);

enum sandbox_can { SANDBOX_FILES, SANDBOX_TRUNCATE, SANDBOX_PORTS, SANDBOX_ALONE };

/* Whether this kernel can enforce that part of the rules. What it cannot is left out. */
bool sandbox_can(enum sandbox_can what);

/* Prepares the rules: programs, libraries and the network's settings can be read, and what the
 * rules allow. Nothing holds before sandbox_enter. */
int sandbox_open(struct sandbox *s, const struct sandbox_rules *rules, struct err *e);

/* Takes the rights away from the calling process. Only async-signal-safe calls: may run between
 * fork and exec. Returns 0, or -1 with errno. */
int sandbox_enter(const struct sandbox *s);

void sandbox_close(struct sandbox *s);

#endif
