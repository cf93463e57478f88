// SPDX-License-Identifier: Apache-2.0
/*
 * The schema: numbered migrations (each once, in a transaction of its own, recorded in table
 * migrations), then functions, views and grants, which are dropped and rebuilt in one
 * transaction whenever their text differs from what is installed. A database that was restored
 * from a dump gets a new instance name. Runs as role owner.
 */
#ifndef CORE_DB_MIGRATE_H
#define CORE_DB_MIGRATE_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/db/db.h"

struct migrate_result {
    int applied;    /* migrations applied by this call */
    bool code_made; /* functions, views and grants were rebuilt */
};

/* Brings the schema up to this program's. A schema newer than the program: ERR_DENIED; another
 * migrate at work is waited for. */
int migrate_run(struct db *db, struct migrate_result *result, struct err *e);

/* The next migrate_run rebuilds functions, views and grants, though they are current. */
int migrate_forget_code(struct db *db, struct err *e);

/* Appends one line per migration, "003-archive applied 2026-08-21T10:00:00Z" or "... pending", and
 * one for the functions and views. 1: all is current, 0: something is pending, -1: error. */
int migrate_status(struct db *db, struct buf *out, struct err *e);

/* For programs at work: 0 if the schema is the program's; ERR_DENIED if it is newer (stop and
 * say so), ERR_NOT_READY if it is older or missing (`deb-status migrate` has to run first). */
int migrate_check(struct db *db, struct err *e);

#endif
