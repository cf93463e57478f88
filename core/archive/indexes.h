// SPDX-License-Identifier: Apache-2.0
/*
 * The index files of a suite: which of those that the signed text lists are here already, which
 * have to be fetched, whether what came is what was signed, and their plain text for reading. A
 * listed file may be missing (archives list plain Packages that they do not keep), but of each
 * index one form must be there, and all its forms must unpack to the same text.
 */
#ifndef CORE_ARCHIVE_INDEXES_H
#define CORE_ARCHIVE_INDEXES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/archive/contents.h"
#include "core/archive/release.h"
#include "core/base/arena.h"
#include "core/base/err.h"

enum index_where { INDEX_MISSING, INDEX_KEPT, INDEX_STAGED };

struct index_file {
    const struct release_entry *entry;
    enum index_where where; /* kept: the published tree has it; staged: in staging */
    const char *plain;      /* entry's name without the ending of a compression */
};

#define INDEXES_CHECKERS 8

struct index_checker {
    pid_t pid;
    int answer; /* a struct err comes from there */
};

struct indexes {
    struct arena *a;
    const char *staged, *published; /* folders; published may be NULL */
    struct index_file *files;       /* as in the Release, by name */
    size_t count;
    const int *keep_fds;
    int64_t deadline_ms;
    int64_t unpacked, unpacked_max; /* of forms without a listed size; 0: no limit of their sum */
    struct contents_input *texts;   /* Packages and Sources, mapped, after indexes_open */
    size_t text_count;
    struct index_checker checkers[INDEXES_CHECKERS];
    int checker_count;
};

/* Which files are in the published tree (old: its Release) with the same content. Others are
 * missing so far. check: compare their content too, not their listing alone. */
int indexes_plan(struct indexes *x, const struct release *release, const struct release *old,
                 bool check, struct err *e);

/* Names to fetch, and their bytes together. */
size_t indexes_wanted(const struct indexes *x, const char **names, int64_t *bytes,
                      int64_t *largest);

/* Puts the published form of each plain index that is to be fetched in its place in staging, so
 * that only what differs is sent. Not if the host is this machine: rsync copies whole files
 * then. */
int indexes_seed(struct indexes *x, struct err *e);

/* What was fetched against what was signed: size and all listed hashes. ERR_NOT_READY: it
 * differs, or no form of an index is there (its tree is being rebuilt). A file that differs is
 * removed from staging. */
int indexes_verify(struct indexes *x, struct err *e);

/* Maps the plain text of every Packages and Sources, unpacked if need be (to staging, as the
 * plain form). */
int indexes_open(struct indexes *x, struct err *e);
void indexes_close(struct indexes *x);

/* Proves that all forms that came hold the same text as the plain ones, after indexes_open: in
 * processes beside this one, as unpacking takes the most time of all. `end` waits for them and has
 * the answer; nothing may be published before. */
int indexes_check_begin(struct indexes *x, struct err *e);
int indexes_check_end(struct indexes *x, struct err *e);

/* Path of a file that is not missing. */
const char *indexes_path(const struct indexes *x, const struct index_file *f);

#endif
