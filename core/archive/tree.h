// SPDX-License-Identifier: Apache-2.0
/*
 * The tree of a suite's next generation, and the switch to it in one atomic step (RENAME_EXCHANGE;
 * the first publish is a plain rename). The tree is complete and on disk before the switch, the
 * folder that holds it after it: at every instant of a crash one generation is there as a whole.
 */
#ifndef CORE_ARCHIVE_TREE_H
#define CORE_ARCHIVE_TREE_H

#include "core/archive/run.h"

struct tree {
    const char *next;    /* folder of the tree that is being made */
    char id[SHA256_HEX]; /* of its signed file */
    int generation;
    struct published_record record;
    bool own_signature;
};

/* Makes the tree, its record and its signatures, all on disk. Waits until the clock's second is a
 * later one than that of the signed files before, or an If-Modified-Since would be answered 304. */
int tree_make(struct run *r, struct suite *s, struct tree *t, struct err *e);

/* The switch. */
int tree_switch(struct run *r, struct suite *s, const struct tree *t, struct err *e);

/* Puts the earlier generation's folder where it belongs after a crash between two renames, and
 * removes what was not finished. */
int tree_repair(struct arena *a, const struct place *p, const char *suite,
                const struct published *now, struct err *e);

/* Removes earlier generations but the newest few, and records of none. */
void tree_prune(struct arena *a, const struct place *p, const char *suite, const char *id);

#endif
