// SPDX-License-Identifier: Apache-2.0
/*
 * An earlier generation's content published again: with our own signature and a new Date, as apt
 * ignores an older one in silence. The suite is then held: the host's text that was rolled away is
 * not published again until it changes or the hold is released.
 */
#ifndef CORE_ARCHIVE_ROLLBACK_H
#define CORE_ARCHIVE_ROLLBACK_H

#include "core/archive/run.h"

struct rollback_done {
    int generation, content_of;
};

/* r: a, config, mirror, db and watch are set. ERR_INPUT: no sign-with, no earlier generation, or
 * its pool files are gone; ERR_TRANSIENT: a run of the mirror is at work. */
int rollback_suite(struct run *r, const char *suite, struct rollback_done *done, struct err *e);

#endif
