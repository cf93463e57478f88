// SPDX-License-Identifier: Apache-2.0
/*
 * Whether new packages are what the indexes call them. Which sources a mirror may bring is judged
 * by the indexes, but dpkg installs what the package itself says. A mirror that may bring all of
 * them gains nothing by a lie, and a first publish of 50,000 packages costs a minute more by
 * looking.
 */
#ifndef CORE_ARCHIVE_CLAIMS_H
#define CORE_ARCHIVE_CLAIMS_H

#include "core/archive/run.h"

/* Nothing where the mirror's sources hold "*". For each paragraph of the suite's indexes that names
 * a file of s->missing, which lies verified in the staging: Package, Source, Version, Architecture
 * and Essential of a binary package, Source and Version of a .dsc. ERR_INPUT names the file and
 * both values. */
int claims_check(struct run *r, struct suite *s, struct err *e);

#endif
