// SPDX-License-Identifier: Apache-2.0
/*
 * Refused requests, summed in the process: writing a row for each would let anybody fill the
 * database. Written at most every 10 s, by sender only for configured ones; the log gets a few
 * lines a second at most.
 */
#ifndef CGI_HOOK_REFUSALS_H
#define CGI_HOOK_REFUSALS_H

#include <stddef.h>
#include <stdint.h>

#include "cgi/http/request.h"
#include "core/db/db.h"

#define REFUSALS_MAX                                                                               \
    256 /* pairs of sender and reason between two writes; more: as of no sender                    \
         */
#define REFUSALS_EVERY 10000 /* ms */

struct refusal {
    char sender[64]; /* "" for none that is configured */
    const char *reason;
    int64_t count;
};

struct refusals {
    struct refusal items[REFUSALS_MAX];
    size_t count;
    int64_t written_ms, log_window_ms;
    int logged, unlogged; /* lines in this second, and those left out */
};

/* Counts and logs one. sender: a configured one's name, or NULL; reason: a literal. */
void refusals_add(struct refusals *r, const struct request *req, const char *sender,
                  const char *reason);

/* True if there is something to write and its time has come. */
bool refusals_due(const struct refusals *r);

/* Writes the sums and starts again; keeps them if the database does not take them. */
int refusals_write(struct refusals *r, struct db *db, struct err *e);

/* They could not be written: due again when the time between two writes is over. */
void refusals_later(struct refusals *r);

#endif
