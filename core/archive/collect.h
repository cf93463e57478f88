// SPDX-License-Identifier: Apache-2.0
/*
 * Pool files that no published generation names any more: removed after the grace time, a bounded
 * number at a time. What is on the disk decides what is named; the database knows since when it is
 * not, and is made to agree with the disk if the two were found different.
 */
#ifndef CORE_ARCHIVE_COLLECT_H
#define CORE_ARCHIVE_COLLECT_H

#include "core/archive/run.h"

/* Removes what is due of the run's mirror, under the pool's lock. */
int collect(struct run *r, struct err *e);

/* Makes pool_files of the run's mirror what its suites on this disk name, and takes in files of
 * the pool that neither knows: they count as unnamed from now on. */
int collect_reconcile(struct run *r, struct err *e);

#endif
