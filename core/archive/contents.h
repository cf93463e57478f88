// SPDX-License-Identifier: Apache-2.0
/*
 * What a suite's indexes say: which pool files it names, with size and SHA-256, and which source
 * packages it has at which version. Read from a tree whose files were verified against a signed
 * text; looks at no pool file.
 */
#ifndef CORE_ARCHIVE_CONTENTS_H
#define CORE_ARCHIVE_CONTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/archive/hash.h"
#include "core/archive/release.h"
#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/config/config.h"

struct contents_file {
    const char *path; /* below the archive's root, allowed by core/archive/paths */
    int64_t size;
    unsigned char sha256[SHA256_SIZE];
};

struct contents_source {
    const char *name, *version; /* the highest version of each name */
    const unsigned char *key;   /* sort key of version */
    size_t key_len;
};

struct contents {
    struct contents_file *files; /* by path, each once */
    size_t file_count;
    struct contents_source *sources; /* by name */
    size_t source_count;
    const char **essential; /* binary packages marked Essential */
    size_t essential_count;
};

struct contents_input { /* one Packages or Sources file, uncompressed */
    const char *name;   /* as in the Release file, for errors */
    enum paths_kind kind;
    const char *data; /* NULL with len 0: empty */
    size_t len;
};

struct contents_rules {
    /* Globs that each source must match; NULL: any. So must the folder of each file: in a pool that
     * mirrors share, the path of a source is out of reach for who may not bring it. Not below
     * pool/SUITE/ of `own` suites, which nobody else can reach. */
    const struct config_strings *sources, *own;
    /* Suites of other mirrors: pool/SUITE/ is theirs, whoever asks first for a path. NULL: none */
    const struct config_strings *others;
    int64_t files_max; /* that it names; 0: no limit */
};

/* ERR_INPUT: a paragraph that cannot be read, a path that is not allowed, two hashes for one path,
 * a source that the mirror may not bring, more files than the limit. Texts are copied. */
int contents_read(struct arena *a, const struct contents_input *inputs, size_t count,
                  const struct contents_rules *rules, struct contents *out, struct err *e);

const struct contents_file *contents_find(const struct contents *c, const char *path);
const struct contents_source *contents_find_source(const struct contents *c, const char *name);

/* Calls came for each file that `now` names and `before` does not (or with another hash: then old
 * is what it was), left for each that only `before` names. A return other than 0 ends it. */
typedef int contents_visit(void *data, const struct contents_file *file,
                           const struct contents_file *old, struct err *e);
int contents_compare(const struct contents *before, const struct contents *now,
                     contents_visit *came, contents_visit *left, void *data, struct err *e);

int contents_compare_keys(const unsigned char *a, size_t a_len, const unsigned char *b,
                          size_t b_len);

#endif
