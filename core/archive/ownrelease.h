// SPDX-License-Identifier: Apache-2.0
/*
 * The text of our own Release: SHA256 alone and by-hash. What users pin on (Origin, Label, Suite,
 * Codename, NotAutomatic ...) comes from the configuration or from the generation before, never
 * new from a host: apt stops if it changes.
 */
#ifndef CORE_ARCHIVE_OWNRELEASE_H
#define CORE_ARCHIVE_OWNRELEASE_H

#include "core/archive/run.h"

/* Whether the host's fields are taken where the configuration has none: nothing that was published
 * is on the disk. */
bool ownrelease_asks_host(const struct suite *s);

/* date: later than the generation's before. */
void ownrelease_write(const struct run *r, const struct suite *s, time_t date, struct buf *out);

#endif
