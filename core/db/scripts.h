// SPDX-License-Identifier: Apache-2.0
/* The scripts of sql/ that are built in: migrations/, functions/, admin.sql, grants.sql; setup.sql.
 */
#ifndef CORE_DB_SCRIPTS_H
#define CORE_DB_SCRIPTS_H

struct db_script_file {
    const char *name; /* migrations/001-instance.sql */
    const char *sql;
};

extern const struct db_script_file db_scripts[]; /* ended by a row of NULLs */
extern const char db_setup_script[];             /* sql/setup.sql, for psql */
extern const int db_query_count;

#endif
