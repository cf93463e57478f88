// SPDX-License-Identifier: Apache-2.0
/*
 * The text of our own Release: SHA256 alone and by-hash. What users pin on (Origin, Label, Suite,
 * Codename, NotAutomatic ...) comes from the configuration or from the generation before, never
 * new from a host: apt stops if it changes.
 */
#ifndef CORE_ARCHIVE_OWNRELEASE_H
#define CORE_ARCHIVE_OWNRELEASE_H

#include "core/archive/run.h"

/* date: later than the generation's before. Only the first generation of a suite takes the host's
 * fields. */
void ownrelease_write(const struct run *r, const struct suite *s, time_t date, struct buf *out);

#endif
