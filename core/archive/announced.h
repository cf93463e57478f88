// SPDX-License-Identifier: Apache-2.0
/*
 * What the job's deliveries announced: a package.built is fulfilled when its source stands in the
 * verified index of one of the mirror's suites at that version or newer. Each is judged by itself.
 */
#ifndef CORE_ARCHIVE_ANNOUNCED_H
#define CORE_ARCHIVE_ANNOUNCED_H

#include "core/archive/run.h"

/* Marks those as fulfilled that s->contents has, in the transaction that is open (or alone). */
int announced_judge(struct run *r, const struct suite *s, struct err *e);

/* How many are not fulfilled. -1: error. */
int announced_left(struct run *r, struct err *e);

/* What is not fulfilled, as an error that names the announced version and the highest that any of
 * the run's suites has: -1 with ERR_NOT_READY (or another, if it could not be asked for). 0: all
 * is fulfilled. */
int announced_report(struct run *r, const struct suite *suites, size_t count, struct err *e);

#endif
