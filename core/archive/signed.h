// SPDX-License-Identifier: Apache-2.0
/*
 * The signed text of a suite: InRelease, Release and Release.gpg, by name, of all suites in one
 * transfer, and what they must be: signed by that mirror's key alone, telling the same, of that
 * suite, neither from the future nor expired.
 */
#ifndef CORE_ARCHIVE_SIGNED_H
#define CORE_ARCHIVE_SIGNED_H

#include "core/archive/run.h"

/* Fetches what the host has of them, for all suites of the mirror. Sets r->reached. */
int signed_fetch(struct run *r, struct err *e);

/* Fills s->text, sha256, has_* and release. ERR_NOT_READY if it may be in the middle of a
 * rebuild. */
int signed_verify(struct run *r, struct suite *s, struct err *e);

#endif
