// SPDX-License-Identifier: Apache-2.0
/*
 * The table `candidates`: for each project of a series the source package names that it may have,
 * by core/rules/names and the configuration's `names`. Which of them counts is decided by the
 * comparison.
 */
#ifndef CORE_UPSTREAM_CANDIDATES_H
#define CORE_UPSTREAM_CANDIDATES_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/config/config.h"
#include "core/db/db.h"

/* Makes the candidates of these series (ids) what the rules give for their series_projects, inside
 * the transaction that is open; rows that do not differ are not written. Names of a series' own
 * file win over those for all. */
int candidates_write(struct db *db, const struct config *config, const int64_t *series,
                     size_t count, struct err *e);

#endif
