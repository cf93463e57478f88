// SPDX-License-Identifier: Apache-2.0
/* What `/<series>` and `/<series>/<target>` ask of their table: the address, checked. */
#ifndef CGI_PAGES_PAGE_SERIES_H
#define CGI_PAGES_PAGE_SERIES_H

#include "cgi/pages/pages.h"

struct series_asked {
    char at[32];                /* ISO 8601, "" for now */
    char today[CLOCK_ISO_SIZE]; /* when today began */
    bool changed;               /* only what changed today */
    const char *field;          /* sort=FIELD, -FIELD, FIELD@TARGET */
    const char *sort_target;
    bool down;
    const char *group;
    const char *target; /* NULL: all of the series */
    int targets;        /* how many columns of targets */
};

/* The rows, grouped, into p.content; shown: of how many projects. Returns 0, or -1 with e. */
int series_add_rows(struct page *p, const struct series_asked *a, long *shown, struct err *e);

#endif
