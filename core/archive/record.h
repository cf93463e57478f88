// SPDX-License-Identifier: Apache-2.0
/*
 * What the database is told of a run: the generation with the source versions and pool files that
 * came and went, the suite's sources and what follows from them, which announcements are there.
 */
#ifndef CORE_ARCHIVE_RECORD_H
#define CORE_ARCHIVE_RECORD_H

#include "core/archive/run.h"
#include "core/archive/tree.h"

struct record_state {       /* what the database has for published of a suite */
    int newest, generation; /* highest, current; 0: none */
    char published_sha256[SHA256_HEX], newest_sha256[SHA256_HEX]; /* "" for none */
    time_t newest_date;
};

int record_read_state(struct run *r, struct suite *s, struct record_state *out, struct err *e);

struct record_hold {
    bool held;                       /* the host's text of that hash is not published */
    bool accept_older;               /* take an older Date once */
    char release_sha256[SHA256_HEX]; /* "" for none */
};

int record_read_hold(struct run *r, const char *suite, struct record_hold *out, struct err *e);
int record_drop_hold(struct run *r, const char *suite, struct err *e);

struct record_generation {
    const char *id;
    const struct published_record *record;
    int64_t bytes;
    double seconds;
    /* Called when all is written, before the commit: the switch. NULL: none. */
    int (*before_commit)(void *data, struct err *e);
    void *data;
};

/* s->before and s->contents say what came and went; s->indexes is open. One transaction. */
int record_publish(struct run *r, struct suite *s, const struct record_generation *g,
                   struct err *e);

/* Whether an apt line that shows the suite does not have what is published (a new target): then
 * s->indexes must be open before record_unchanged. */
int record_lacks_lines(struct run *r, const struct suite *s, bool *lacks, struct err *e);

/* Nothing changed: the suite was looked at. Lines that lack it are filled. */
int record_unchanged(struct run *r, struct suite *s, struct err *e);

/* The suite could not be published, for that reason. */
int record_suite_failed(struct run *r, const char *suite, const char *why, struct err *e);
/* The mirror as a whole; verified: its signed text was seen and is good. */
int record_mirror(struct run *r, bool verified, const char *error, struct err *e);

#endif
