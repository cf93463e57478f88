// SPDX-License-Identifier: Apache-2.0
/*
 * One connection that a program of many requests keeps: opened again when it broke, without ever
 * holding a request up for longer than it allows. Opening happens in a thread of its own, since
 * libpq may block for as long as it likes (a name server, a host that drops packets, a server that
 * was stopped): whoever asks meanwhile is told at once that the database is away, and the
 * connection is there as soon as the server answers.
 */
#ifndef CORE_DB_CONNECTOR_H
#define CORE_DB_CONNECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/db/db.h"

struct db_connector; /* private */

struct db_connector *db_connector_new(void);

/* Waits for an attempt in flight, at most connect_timeout_s for each host of the conninfo. */
void db_connector_free(struct db_connector *c);

/* The connection, with ERR_DATABASE and NULL if there is none yet. Who finds it missing waits
 * up to wait_ms; all later ones, until it is there again, for a tenth of a second at most. An
 * attempt that failed is not repeated for a moment. The connection stays the connector's; options
 * are copied, and heeded when one is opened. */
struct db *db_connector_get(struct db_connector *c, const struct db_open_options *options,
                            int64_t wait_ms, struct err *e);

/* Closes the connection; the next get opens again. hung: it gave no answer in time, so that
 * nobody waits for the next one; false: another conninfo, a connection that was cut. */
void db_connector_drop(struct db_connector *c, bool hung);

#endif
