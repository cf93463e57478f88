// SPDX-License-Identifier: Apache-2.0
/*
 * Which upstreams the configuration names, and their rows. The main one (`upstream` of
 * deb-status.yaml) gives every series that no file of releases.d reads from somewhere else; it is
 * not in use if every file does. Fetches nothing.
 */
#ifndef CORE_UPSTREAM_UPSTREAMS_H
#define CORE_UPSTREAM_UPSTREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/config/config.h"
#include "core/db/db.h"

struct upstream {
    int64_t id; /* 0 before upstreams_write */
    const char *id_text;
    const char *name;     /* kind and location, without passwords: fit for a page */
    const char *location; /* without passwords; kind git-tags: with what is wanted of each */
    const struct config_upstream *config;
    const struct config_series
        *series; /* the one file that it is for; NULL: a releases repository */
    bool is_main;
};

/* The upstreams in use, each once; in the arena. */
size_t upstreams_of(const struct config *config, struct arena *a, struct upstream **out);

/* Inside the transaction that is open: makes the rows of `upstreams` those of the configuration
 * and sets their ids; makes a row of `series` (not `configured`, that is the configure job's) for
 * each file of releases.d that has none, and says which upstream each is read from. Series of an
 * upstream that is gone belong to the main one from now on. */
int upstreams_write(struct db *db, const struct config *config, struct arena *a,
                    struct upstream *upstreams, size_t count, struct err *e);

/* series.kind of a series that an upstream of that kind gives: cycle, independent or list. */
const char *upstreams_series_kind(const char *upstream_kind, const char *series);

/* user:password@ and the query of an address cut off, for names, logs and messages. */
const char *upstreams_public_location(struct arena *a, const char *location);

/* The words of another program, with what stands between // and @ of any address in them left
 * out. */
void upstreams_add_public_words(struct buf *out, const char *words);

#endif
