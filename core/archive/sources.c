// SPDX-License-Identifier: Apache-2.0
#include "core/archive/sources.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/utf8.h"
#include "core/format/deb822.h"
#include "core/rules/names.h"
#include "core/rules/version.h"
#include "gen/queries.h"

enum field {
    PACKAGE,
    VERSION,
    MAINTAINER,
    UPLOADERS,
    VCS_BROWSER,
    VCS_GIT,
    HOMEPAGE,
    BINARY,
    BUILD_DEPENDS,
    BUILD_DEPENDS_ARCH,
    BUILD_DEPENDS_INDEP,
    EXTRA_SOURCE_ONLY,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "Package",
    "Version",
    "Maintainer",
    "Uploaders",
    "Vcs-Browser",
    "Vcs-Git",
    "Homepage",
    "Binary",
    "Build-Depends",
    "Build-Depends-Arch",
    "Build-Depends-Indep",
    "Extra-Source-Only",
};

enum { COLUMNS = 16, BAD_MAX = 1000 };

struct bad {
    const char *file, *name, *reason;
    int line;
};

struct indexer {
    struct db *db;
    struct arena row;  /* of one paragraph */
    struct arena kept; /* of the run: what was set aside */
    struct bad bad[BAD_MAX];
    size_t bad_count;
};

static bool is_text(struct deb822_text t)
{
    for (size_t i = 0, n; i < t.len; i += n) {
        n = utf8_length(t.data + i, t.len - i);
        if (n == 0 || t.data[i] == '\0')
            return false;
    }
    return true;
}

/* A field as one line: runs of white space become one space. */
static const char *one_line(struct indexer *x, struct deb822_text t)
{
    char *out = arena_alloc(&x->row, t.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++) {
        bool space = isspace((unsigned char)t.data[i]);
        if (!space)
            out[n++] = t.data[i];
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return out;
}

/* Policy 5.6.1: at least two characters, lower case letters, digits, plus, minus, full stop. */
static bool is_source_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.");
    return n >= 2 && s[n] == '\0' && isalnum((unsigned char)s[0]);
}

static const char *key_of(struct indexer *x, const char *version, struct err *e)
{
    struct buf key = BUF_INIT, hex = BUF_INIT;
    const char *text = NULL;
    if (version_key(version, &key, e) == 0) {
        db_hex(&hex, key.data, key.len);
        text = arena_strdup(&x->row, buf_str(&hex));
    }
    buf_free(&key);
    buf_free(&hex);
    return text;
}

static int fill_version(struct indexer *x, const char *version, const char **values, struct err *e)
{
    struct buf part = BUF_INIT;
    int rc = -1;
    values[2] = version;
    values[3] = key_of(x, version, e);
    if (!values[3] || version_upstream_part(version, &part, e))
        goto out;
    values[4] = arena_strdup(&x->row, buf_str(&part));
    values[5] = key_of(x, values[4], e);
    if (!values[5])
        goto out;
    values[6] = version_is_patched(version) ? "t" : "f";
    rc = 0;
out:
    buf_free(&part);
    return rc;
}

static const char *build_depends(struct indexer *x, const struct deb822_text *f)
{
    struct buf all = BUF_INIT;
    for (int i = BUILD_DEPENDS; i <= BUILD_DEPENDS_INDEP; i++) {
        const char *part = one_line(x, f[i]);
        if (*part)
            buf_addf(&all, "%s%s", all.len ? ", " : "", part);
    }
    const char *text = arena_strdup(&x->row, buf_str(&all));
    buf_free(&all);
    return text;
}

/* Fills the columns of index_incoming. *name is set as soon as it is known. */
static int fill_row(struct indexer *x, const struct deb822_text *f, const char **values,
                    const char **name, struct err *e)
{
    const char *package = one_line(x, f[PACKAGE]);
    if (!is_source_name(package))
        return err_set(e, ERR_INPUT,
                       *package ? "Package is no name of a source package" : "no field Package");
    *name = values[1] = package;
    for (int i = 0; i < FIELD_COUNT; i++)
        if (!is_text(f[i]))
            return err_set(e, ERR_INPUT, "%s is not valid UTF-8", field_names[i]);
    const char *version = one_line(x, f[VERSION]);
    if (!*version)
        return err_set(e, ERR_INPUT, "no field Version");
    if (fill_version(x, version, values, e))
        return -1;
    values[7] = one_line(x, f[MAINTAINER]);
    values[8] = one_line(x, f[UPLOADERS]);
    values[9] = one_line(x, f[VCS_BROWSER]);
    values[10] = one_line(x, f[VCS_GIT]);
    values[11] = one_line(x, f[HOMEPAGE]);
    values[12] = values[13] = NULL;
    names_homepage_repo(&x->row, values[11], &values[12], &values[13]);
    values[14] = one_line(x, f[BINARY]);
    values[15] = build_depends(x, f);
    return 0;
}

static void set_aside(struct indexer *x, const char *component, const char *name, int line,
                      const char *reason)
{
    if (x->bad_count == BAD_MAX)
        return; /* a file that is wrong throughout: the first thousand say enough */
    struct bad *b = &x->bad[x->bad_count++];
    b->file = name ? arena_printf(&x->kept, "%s/source/Sources: %s", component, name)
                   : arena_printf(&x->kept, "%s/source/Sources: line %d", component, line);
    b->name = arena_strdup(&x->kept, name);
    b->reason = arena_strdup(&x->kept, reason);
    b->line = line;
}

static int copy_input(struct indexer *x, const struct sources_input *in, struct err *e)
{
    struct deb822_reader r;
    struct deb822_text f[FIELD_COUNT];
    struct err why = {0};
    int line = 0, found;

    deb822_open(&r, in->data ? in->data : "", in->len);
    while ((found = deb822_next(&r, field_names, f, FIELD_COUNT, &line, &why)) != 0) {
        const char *values[COLUMNS] = {in->component}, *name = NULL;
        if (found > 0 && deb822_equals(f[EXTRA_SOURCE_ONLY], "yes"))
            continue;
        if (found < 0 || fill_row(x, f, values, &name, &why))
            set_aside(x, in->component, name, line, why.text);
        else if (db_copy_row(x->db, COLUMNS, values, e))
            return -1;
        arena_reset(&x->row);
    }
    return 0;
}

static int write_bad(struct indexer *x, struct err *e)
{
    for (size_t i = 0; i < x->bad_count; i++) {
        const struct bad *b = &x->bad[i];
        char line[16];
        snprintf(line, sizeof line, "%d", b->line);
        if (db_call(x->db, &query_index_bad, NULL, e, b->file, b->name, line, b->reason))
            return -1;
    }
    return 0;
}

int sources_replace(struct db *db, int64_t suite_id, const struct sources_input *inputs,
                    size_t count, bool *changed, struct err *e)
{
    struct indexer *x;
    struct arena own = ARENA_INIT;
    struct db_result *merged = NULL;
    char id[24];
    int rc = -1;

    x = arena_alloc(&own, sizeof *x);
    x->db = db;
    snprintf(id, sizeof id, "%lld", (long long)suite_id);
    if (db_call(db, &query_index_begin, NULL, e) || db_copy_begin(db, &query_index_copy, e))
        goto out;
    for (size_t i = 0; i < count; i++)
        if (copy_input(x, &inputs[i], e))
            goto out;
    if (db_copy_end(db, e) || write_bad(x, e) || db_call(db, &query_index_merge, &merged, e, id))
        goto out;
    if (changed)
        *changed = db_value_int(merged, 0, "changed", 0) > 0;
    rc = 0;
out:
    db_result_free(merged);
    arena_free(&x->row);
    arena_free(&x->kept);
    arena_free(&own);
    return rc;
}
