// SPDX-License-Identifier: Apache-2.0
/*
 * Names that come from a build host: what may become a path below the archive. An allow-list, so
 * that no name leads out of its folder, begins an argument with '-', hides (a leading dot) or is
 * served as something that a browser runs. Pure functions.
 */
#ifndef CORE_ARCHIVE_PATHS_H
#define CORE_ARCHIVE_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define PATHS_MAX 1024 /* bytes of a name */

/* Components of [A-Za-z0-9][A-Za-z0-9+.~_%-]* with single slashes between them. */
bool paths_is_safe(const char *name, size_t len);

/* A safe name below pool/ that ends as packages and the files of sources do (.deb, .dsc,
 * .tar.xz ...). */
bool paths_is_pool(const char *name, size_t len);

enum paths_kind {
    PATHS_OTHER,    /* safe, but nothing that we take: icons, by-hash, Release itself */
    PATHS_PACKAGES, /* Packages, plain or compressed */
    PATHS_SOURCES,
    PATHS_EXTRA, /* Contents-*, Translation-*, Components-*: taken and served, not read */
};

/* What a name in a Release file is; name must be safe. *plain_len: the length without the ending
 * of a compression (equal to len if there is none). */
enum paths_kind paths_index_kind(const char *name, size_t len, size_t *plain_len);

#endif
