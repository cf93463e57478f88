// SPDX-License-Identifier: Apache-2.0
/*
 * One suite from the host's signed text to a published and recorded generation.
 */
#ifndef CORE_ARCHIVE_PUBLISH_H
#define CORE_ARCHIVE_PUBLISH_H

#include "core/archive/run.h"

/* First of all, s: a and name are set. Reads what is published; if the disk is ahead of the
 * database (a crash after a switch, a restored database) it is recorded, if it is behind (an
 * empty or restored disk) the host's will be published again. */
int publish_compare(struct run *r, struct suite *s, struct err *e);

/* 0: what the host has is published (or is held, or was already). */
int publish_suite(struct run *r, struct suite *s, struct err *e);

/* Fills s->contents with what is published, if it is not filled yet. */
int publish_read_contents(struct run *r, struct suite *s, struct err *e);

/* What a tree of ours says, without the rules for what a host may bring: it was judged when it
 * came. x is open after that. */
int publish_read_tree(struct run *r, struct suite *s, const char *folder,
                      const struct release *release, struct indexes *x, struct contents *out,
                      struct err *e);

/* The end of it: pool files are taken in, the tree is made, recorded and switched to. also (or
 * NULL) runs in the transaction, before the switch. */
int publish_tree(struct run *r, struct suite *s, int (*also)(void *data, struct err *e), void *data,
                 struct err *e);

/* A suite of this disk by its name alone, whoever's it is: fills s->now and s->contents. */
int publish_read_suite(struct run *r, struct suite *s, struct err *e);

void publish_end_suite(struct suite *s);

#endif
