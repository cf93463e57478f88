// SPDX-License-Identifier: Apache-2.0
/*
 * Files: whole reads with a limit, atomic writes, folders. Paths are the program's own or the
 * configuration's; names from outside are checked by core/archive/names before they get here.
 */
#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* Appends the whole file to out; larger than max bytes: ERR_INPUT. */
int file_read(const char *path, size_t max, struct buf *out, struct err *e);

/* Maps the whole of an open file for reading; an empty one is NULL with len 0. 0, or -1 with errno.
 * Ends with file_unmap, which takes an empty one as well. */
int file_map(int fd, const char **data, size_t *len);
void file_unmap(const char *data, size_t len);

/* write(2) until all of it is written, whatever interrupts it. 0, or -1 with errno. */
int file_write_all(int fd, const void *data, size_t len);

/* Writes path.tmp-PID beside path with that mode, syncs, renames. */
int file_write(const char *path, const void *data, size_t len, mode_t mode, struct err *e);

/* mkdir -p; an existing folder is no error. mode as given to mkdir for each new part. */
int file_make_dirs(const char *path, mode_t mode, struct err *e);

/* rm -rf, without following links and without leaving the file system; absent is no error. */
int file_remove_tree(const char *path, struct err *e);

/* Copies a regular file's content to a new file of that mode; `to` must not exist. The two share
 * their blocks if the file system can, never their inode. */
int file_copy(const char *from, const char *to, mode_t mode, struct err *e);

bool file_exists(const char *path);

/* Joins with one slash. Returns a string to free. */
char *file_join(const char *folder, const char *name) __attribute__((warn_unused_result));

#endif
