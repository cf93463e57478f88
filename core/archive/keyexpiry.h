// SPDX-License-Identifier: Apache-2.0
/* Until when the keys of a keyring can sign: told to admins before a key expires, judged nowhere.
 */
#ifndef CORE_ARCHIVE_KEYEXPIRY_H
#define CORE_ARCHIVE_KEYEXPIRY_H

#include <stdint.h>
#include <time.h>

#include "core/base/err.h"

/* The latest moment at which any key of the keyring (a file that gpg reads) can sign; 0: for ever.
 * folder: gpg's own, may be written. */
int keyexpiry_read(const char *keyring, const char *folder, const int *keep_fds, time_t *expires,
                   struct err *e);

/* What gpg's colon lines (doc/DETAILS of GnuPG) say of the keys that may sign. A primary key ends
 * its subkeys. */
struct keyexpiry_list {
    int keys, revoked, expired, secret; /* secret: primary keys and subkeys, signing or not */
    int64_t last; /* when the last ends that is not revoked; -1: there is none */
    char last_id[24];
};

#define KEYEXPIRY_NEVER INT64_MAX

void keyexpiry_read_lines(const char *colons, time_t now, struct keyexpiry_list *out);

/* The same as keyexpiry_read, of lines. ERR_INPUT if none can sign. */
int keyexpiry_of(const char *colons, time_t *expires, struct err *e);

#endif
