// SPDX-License-Identifier: Apache-2.0
/*
 * Pool files that no published generation names any more: removed after the grace time, a bounded
 * number at a time. What is on the disk decides what is named; the database knows since when it is
 * not.
 */
#ifndef CORE_ARCHIVE_COLLECT_H
#define CORE_ARCHIVE_COLLECT_H

#include "core/archive/run.h"

/* Removes what is due of the run's mirror. Holds the pool's lock. */
int collect(struct run *r, struct err *e);

#endif
