// SPDX-License-Identifier: Apache-2.0
/* Until when the keys of a keyring can sign: told to admins before a key expires, judged nowhere.
 */
#ifndef CORE_ARCHIVE_KEYEXPIRY_H
#define CORE_ARCHIVE_KEYEXPIRY_H

#include <time.h>

#include "core/base/err.h"

/* The latest moment at which any key of the keyring (a file that gpg reads) can sign; 0: for ever.
 * folder: gpg's own, may be written. */
int keyexpiry_read(const char *keyring, const char *folder, const int *keep_fds, time_t *expires,
                   struct err *e);

/* The same from gpg's colon lines (doc/DETAILS of GnuPG): exported for its test. A primary key ends
 * its subkeys; of those that may sign the one that lasts longest counts. */
int keyexpiry_of(const char *colons, time_t *expires, struct err *e);

#endif
