// SPDX-License-Identifier: Apache-2.0
/*
 * What a package says of itself: the control file in a .deb, the fields of a .dsc. Made by whoever
 * built it, so any bytes. dpkg-deb unpacks, the rest is read here.
 */
#ifndef CORE_ARCHIVE_CONTROL_H
#define CORE_ARCHIVE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/err.h"

struct control {
    const char *package; /* NULL in a .dsc */
    const char *source;  /* its name alone; in a .deb without the field the package's */
    const char *version;
    const char *architecture; /* "" if there is none */
    bool essential;
};

/* The control file of what `dpkg-deb --ctrl-tarfile` prints: plain files and folders, and exactly
 * one file `control` with one paragraph. ERR_INPUT: anything else. */
int control_of_tar(struct arena *a, const char *tar, size_t len, struct control *out,
                   struct err *e);

/* A .dsc, signed or not (whose signature it is plays no part). */
int control_of_dsc(struct arena *a, const char *text, size_t len, struct control *out,
                   struct err *e);

struct control_source {
    const char *folder; /* dpkg-deb may read it */
    const char *name;   /* below that, a regular file */
    const int *keep_fds;
    int64_t deadline_ms; /* from now */
};

/* Either by the name's ending: .dsc, or a binary package. */
int control_read(struct arena *a, const struct control_source *from, struct control *out,
                 struct err *e);

#endif
