// SPDX-License-Identifier: Apache-2.0
/* The archive's public key at its root, archive-keyring.gpg (binary) and .asc, if we sign. */
#ifndef CORE_ARCHIVE_KEYRING_H
#define CORE_ARCHIVE_KEYRING_H

#include "core/archive/run.h"

/* Written if it differs from what is there; without sign-with nothing happens. */
int keyring_publish(struct run *r, struct err *e);

#endif
