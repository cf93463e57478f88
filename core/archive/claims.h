// SPDX-License-Identifier: Apache-2.0
/*
 * Whether new packages are what the indexes call them. Which sources a mirror may bring is judged
 * by the indexes, as is what is announced, shown, and reported as Essential; but dpkg installs what
 * the package itself says. Some milliseconds for each new package.
 */
#ifndef CORE_ARCHIVE_CLAIMS_H
#define CORE_ARCHIVE_CLAIMS_H

#include "core/archive/run.h"

/* For each paragraph of the suite's indexes that names
 * a file of s->missing, which lies verified in the staging: Package, Source, Version, Architecture
 * and Essential of a binary package, Source and Version of a .dsc. ERR_INPUT names the file and
 * both values. */
int claims_check(struct run *r, struct suite *s, struct err *e);

#endif
