// SPDX-License-Identifier: Apache-2.0
/*
 * Transfer from a build host, by rsync and by name only: no folder of the host is ever listed. From
 * an rsync daemon (rsync://HOST/MODULE), over ssh (HOST:PATH, own key, known_hosts enforced) or
 * from a local path. What arrives is staging, to be verified by the caller: a name may be missing,
 * be something else than a file, or have any content.
 */
#ifndef CORE_ARCHIVE_TRANSFER_H
#define CORE_ARCHIVE_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/archive/address.h"
#include "core/archive/watch.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/config/config.h"

/* mtime of what was put into a step's folder for the transfer to replace. */
#define TRANSFER_SEED_TIME 0

struct transfer {
    const struct config_mirror *mirror;
    const char *staging; /* where rsync is started */
    const int *keep_fds; /* as in struct proc_spec: the lock */
    int64_t deadline_ms; /* of the run, monotonic */
    const struct watch *watch;
    int64_t bytes;   /* over the wire so far, over all steps: the host may lie a little */
    int64_t written; /* to the disk, the same: what limits.bytes is about */
    struct buf said; /* rsync's own words of the last step: why a name is missing */
    /* The host's, looked up by the first step of the run, and the one that is tried first. */
    char addresses[ADDRESSES_MAX][ADDRESS_SIZE];
    size_t address_count, address;
};

struct transfer_step {
    /* Folder in staging, exists: the host's root, as far as it is taken. The only one that rsync
     * may write. */
    const char *to;
    const char *const *names; /* below the host's root, safe (core/archive/paths) */
    size_t count;
    int64_t bytes;    /* what the signed text says that they have together; 0: not known */
    int64_t file_max; /* no file is taken that is larger */
    bool anew;        /* do not trust size and time of what is there already: compare its content */
};

/* 0: rsync ran, what it could not find is missing in `to`; -1: ERR_TRANSIENT (refused, unknown
 * host, stalled, cut off), ERR_DENIED (key, module, password), ERR_SYSTEM (disk full), ERR_INPUT
 * (over a limit). Public words in e, rsync's own as its detail. */
int transfer_fetch(struct transfer *t, const struct transfer_step *step, struct err *e);

/* Tells the exit codes and words of rsync and ssh apart; exported for its tests. */
int transfer_judge(int exit_code, const char *words, struct err *e);

#endif
