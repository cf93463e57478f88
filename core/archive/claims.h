// SPDX-License-Identifier: Apache-2.0
/*
 * Whether new packages are what the indexes call them. What a mirror may bring, what is reported as
 * Essential and what is announced as fulfilled is judged by the indexes, but dpkg installs what the
 * package itself says.
 */
#ifndef CORE_ARCHIVE_CLAIMS_H
#define CORE_ARCHIVE_CLAIMS_H

#include "core/archive/run.h"

/* For each paragraph of the suite's indexes that names a file of s->missing, which lies verified in
 * the staging: Package, Source, Version, Architecture and Essential of a binary package, Source and
 * Version of a .dsc. ERR_INPUT names the file and both values. */
int claims_check(struct run *r, struct suite *s, struct err *e);

#endif
