// SPDX-License-Identifier: Apache-2.0
/*
 * What the steps of one run over a mirror share: mirror.c drives it, the other parts take what
 * they need. A suite passes through: signed text, indexes, pool files, tree, switch, record.
 */
#ifndef CORE_ARCHIVE_RUN_H
#define CORE_ARCHIVE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/archive/contents.h"
#include "core/archive/gpg.h"
#include "core/archive/indexes.h"
#include "core/archive/place.h"
#include "core/archive/published.h"
#include "core/archive/release.h"
#include "core/archive/signer.h"
#include "core/archive/transfer.h"
#include "core/archive/watch.h"
#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/config/config.h"
#include "core/db/db.h"

struct run {
    struct arena *a; /* of the whole run */
    const struct config *config;
    const struct config_mirror *mirror;
    struct db *db;
    int64_t job; /* 0: an admin's command */
    const struct watch *watch;
    /* First in each transaction that writes results: ERR_CANCELLED if this run no longer holds
     * its job. NULL: not fenced. */
    int (*fence)(void *data, struct err *e);
    void *fence_data;

    struct place place;
    const char *staging;
    /* In staging, each laid out as the host's root is. A transfer may write its own alone: what an
     * earlier step has verified is out of the host's reach. */
    const char *signed_dir, *index_dir, *pool_dir;
    int lock_fd, keep_fds[2];
    int64_t started_ms;
    bool recheck;   /* look at every file, not only at what changed */
    bool reconcile; /* disk and database were found different, or may be: pool_files is rebuilt */
    struct transfer transfer;
    struct gpg_verifier verifier;
    const struct indexes *checked; /* whose checkers are at work; NULL: none */
    struct signer *signer;         /* NULL: the host's signature is published as it is */
    char signing_key[SHA256_HEX];  /* which key that is; "" for none */
    bool reached;                  /* the host answered */
    size_t verified_suites;
};

/* One suite of the run. */
struct suite {
    struct arena *a; /* of this suite */
    const char *name;
    struct published now;     /* what is published on this disk */
    bool same;                /* and in the database */
    struct published earlier; /* the newest kept generation, where `now` cannot be read */
    /* what the host signed */
    struct buf text;
    char sha256[SHA256_HEX]; /* of text */
    bool has_inline, has_release, has_detached;
    struct release release;
    /* what is to be published */
    struct indexes indexes;
    struct contents before, contents;
    const struct contents_file **missing; /* of the pool: fetched, in staging */
    size_t missing_count;
    int64_t bytes_before; /* run's transfer before this suite */
    int newest;           /* the highest generation ever, in the database or on the disk */
    time_t newest_date;   /* of the host's, the same */
    char newest_sha256[SHA256_HEX]; /* the host's text that was published last */
    int rolled_back_to, content_of; /* 0 but for a rollback */
};

/* Ends what a transfer has left behind, well or not (rc): nothing of it may write while files are
 * verified. Returns rc, or -1 if something could not be ended. */
int run_kill_strays(const struct run *r, int rc, struct err *e);

void run_step(const struct run *r, const char *step);
void run_note(const struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void run_warn(const struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
