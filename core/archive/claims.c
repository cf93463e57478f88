// SPDX-License-Identifier: Apache-2.0
#include "core/archive/claims.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/archive/control.h"
#include "core/base/clock.h"
#include "core/format/deb822.h"

enum {
    PACKAGE,
    SOURCE,
    VERSION,
    ARCHITECTURE,
    ESSENTIAL,
    FILENAME,
    DIRECTORY,
    CHECKSUMS,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {"Package",      "Source",          "Version",
                                                     "Architecture", "Essential",       "Filename",
                                                     "Directory",    "Checksums-Sha256"};

struct package {
    const char *path;
    bool read;
    struct control control;
};

struct checker {
    struct run *r;
    struct suite *s;
    struct package *packages; /* by path */
    size_t count, done;
};

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct package *)a)->path, ((const struct package *)b)->path);
}

/* NULL: no new file. */
static struct package *find(const struct checker *c, const char *path)
{
    struct package key = {.path = strncmp(path, "./", 2) == 0 ? path + 2 : path};
    return bsearch(&key, c->packages, c->count, sizeof key, by_path);
}

static int read_package(struct checker *c, struct package *p, struct err *e)
{
    struct run *r = c->r;
    struct control_source from = {.folder = r->pool_dir,
                                  .name = p->path,
                                  .keep_fds = r->keep_fds,
                                  .deadline_ms = r->transfer.deadline_ms - clock_monotonic_ms()};
    if (p->read)
        return 0;
    if (from.deadline_ms <= 0)
        return err_set(e, ERR_TRANSIENT, "the run took longer than the mirror's limits.time");
    if (control_read(c->s->a, &from, &p->control, e))
        return err_context(e, "%s", p->path);
    p->read = true;
    if (r->watch)
        r->watch->progress(r->watch->data, (int64_t)++c->done, (int64_t)c->count, "files");
    return 0;
}

static int compare(const struct package *p, const char *field, const char *says,
                   struct deb822_text index, struct err *e)
{
    if (says && deb822_equals(index, says))
        return 0;
    return err_set(e, ERR_INPUT, "%s says %s: %.100s, its index says %.*s", p->path, field,
                   says ? says : "", index.len > 100 ? 100 : (int)index.len,
                   index.data ? index.data : "");
}

static struct deb822_text source_of(const struct deb822_text *f)
{
    struct deb822_text line = f[SOURCE].data ? f[SOURCE] : f[PACKAGE], name = {0};
    deb822_next_word(&line, &name);
    return name;
}

static int check_binary(struct checker *c, const struct deb822_text *f, struct err *e)
{
    static const struct deb822_text yes = {"yes", 3}, no = {"no", 2};
    struct package *p = f[FILENAME].data
                            ? find(c, arena_strndup(c->s->a, f[FILENAME].data, f[FILENAME].len))
                            : NULL;
    if (!p)
        return 0;
    if (read_package(c, p, e))
        return -1;
    const struct control *is = &p->control;
    return compare(p, "Package", is->package, f[PACKAGE], e) ||
                   compare(p, "Source", is->source, source_of(f), e) ||
                   compare(p, "Version", is->version, f[VERSION], e) ||
                   compare(p, "Architecture", is->architecture, f[ARCHITECTURE], e) ||
                   compare(p, "Essential", is->essential ? "yes" : "no",
                           deb822_equals(f[ESSENTIAL], "yes") ? yes : no, e)
               ? -1
               : 0;
}

static int check_dsc(struct checker *c, const struct deb822_text *f, struct deb822_text name,
                     struct err *e)
{
    struct package *p = find(c, arena_printf(c->s->a, "%.*s/%.*s", (int)f[DIRECTORY].len,
                                             f[DIRECTORY].data, (int)name.len, name.data));
    if (!p)
        return 0;
    return read_package(c, p, e) || compare(p, "Source", p->control.source, f[PACKAGE], e) ||
                   compare(p, "Version", p->control.version, f[VERSION], e)
               ? -1
               : 0;
}

/* Lines of hash, size and name. */
static int check_source(struct checker *c, struct deb822_text *f, struct err *e)
{
    struct deb822_text line, name;
    while (f[DIRECTORY].data && f[CHECKSUMS].data && deb822_next_line(&f[CHECKSUMS], &line)) {
        if (!deb822_next_word(&line, &name) || !deb822_next_word(&line, &name) ||
            !deb822_next_word(&line, &name))
            continue;
        if (name.len > 4 && memcmp(name.data + name.len - 4, ".dsc", 4) == 0 &&
            check_dsc(c, f, name, e))
            return -1;
    }
    return 0;
}

static int check_text(struct checker *c, const struct contents_input *in, struct err *e)
{
    struct deb822_reader text;
    struct deb822_text f[FIELD_COUNT];
    int line, found, rc = 0;
    deb822_open(&text, in->data ? in->data : "", in->len);
    while (rc == 0 && (found = deb822_next(&text, field_names, f, FIELD_COUNT, &line, e)) > 0)
        rc = in->kind == PATHS_PACKAGES ? check_binary(c, f, e) : check_source(c, f, e);
    return rc || found < 0 ? -1 : 0;
}

int claims_check(struct run *r, struct suite *s, struct err *e)
{
    struct checker c = {.r = r, .s = s, .count = s->missing_count};
    int rc = 0;
    c.packages = arena_alloc(s->a, c.count * sizeof *c.packages);
    for (size_t i = 0; i < c.count; i++)
        c.packages[i] = (struct package){.path = s->missing[i]->path};
    qsort(c.packages, c.count, sizeof *c.packages, by_path);
    for (size_t i = 0; rc == 0 && i < s->indexes.text_count; i++)
        rc = check_text(&c, &s->indexes.texts[i], e);
    return rc;
}
