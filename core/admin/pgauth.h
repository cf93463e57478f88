// SPDX-License-Identifier: Apache-2.0
/*
 * Lines of ours in pg_hba.conf and pg_ident.conf: a block between two marks, so that it can be
 * replaced and removed. Everything else in the file stays as it is.
 */
#ifndef CORE_ADMIN_PGAUTH_H
#define CORE_ADMIN_PGAUTH_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* The lines without their marks, appended to out: peer authentication by a map of system users to
 * roles. dbname: [A-Za-z0-9._-]+. */
void pgauth_hba_lines(const char *dbname, struct buf *out);
void pgauth_ident_lines(const char *dbname, struct buf *out);

/* text with the block of dbname in it: where it stood, else first (in pg_hba.conf the first line
 * that fits decides). Appended to out. */
void pgauth_place(const char *text, const char *dbname, const char *lines, struct buf *out);

#endif
