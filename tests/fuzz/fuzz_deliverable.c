// SPDX-License-Identifier: Apache-2.0
/* The readers of core/upstream: a deliverable, the list of series, a list of projects, a tag. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/upstream/deliverable.h"
#include "core/upstream/list_file.h"
#include "core/upstream/reading.h"
#include "core/upstream/series_list.h"
#include "core/upstream/tags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* What the tables and the pages rely on. */
static void check_deliverable(const struct deliverable *d)
{
    check(d->repo_count > 0);
    for (size_t i = 0; i < d->repo_count; i++)
        check(reading_is_repo(d->repos[i].repo) && reading_is_name(d->repos[i].artifact));
    for (size_t i = 0; i < d->version_count; i++) {
        const struct deliverable_version *v = &d->versions[i];
        check(v->repo < d->repo_count && reading_is_name(v->version) &&
              reading_is_name(v->artifact) && (v->kind == VERSION_END) == (v->key == NULL));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = ARENA_INIT;
    struct deliverable d;
    struct series_entry *series;
    struct list_entry *list;
    struct err e;
    size_t count;
    int line;
    const char *text = (const char *)data;
    if (deliverable_parse(&arena, text, size, &d, &line, &e) == 0)
        check_deliverable(&d);
    else
        check(e.code == ERR_INPUT && line >= 0);
    series_list_parse(&arena, text, size, &series, &count, &line, &e);
    if (list_file_parse(&arena, text, size, &list, &count, &e) == 0)
        for (size_t i = 0; i < count; i++)
            if (!list[i].reason)
                check_deliverable(&list[i].content);
    tags_match(&arena, "v*-x", arena_strndup(&arena, text, size));
    arena_free(&arena);
    return 0;
}
