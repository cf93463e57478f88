// SPDX-License-Identifier: Apache-2.0
#include "core/archive/release.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/format/deb822.h"

enum field {
    ORIGIN,
    LABEL,
    SUITE,
    CODENAME,
    VERSION,
    DESCRIPTION,
    COMPONENTS,
    ARCHITECTURES,
    NOT_AUTOMATIC,
    BUT_AUTOMATIC_UPGRADES,
    ACQUIRE_BY_HASH,
    DATE,
    VALID_UNTIL,
    SUMS, /* and the HASH_KINDS - 1 after it */
    FIELD_COUNT = SUMS + HASH_KINDS,
};

static const char *const field_names[FIELD_COUNT] = {
    "Origin",          "Label",      "Suite",         "Codename",     "Version",
    "Description",     "Components", "Architectures", "NotAutomatic", "ButAutomaticUpgrades",
    "Acquire-By-Hash", "Date",       "Valid-Until",   "MD5Sum",       "SHA1",
    "SHA256",          "SHA512",
};

/* One line of a field; control characters are no part of any. */
static int take_text(struct arena *a, struct deb822_text t, const char *name, const char **out,
                     struct err *e)
{
    *out = NULL;
    if (!t.data)
        return 0;
    for (size_t i = 0; i < t.len; i++)
        if (iscntrl((unsigned char)t.data[i]) && t.data[i] != '\t')
            return err_set(e, ERR_INPUT, "%s has a line break or a control character", name);
    *out = arena_strndup(a, t.data, t.len);
    return 0;
}

static int take_date(struct arena *a, struct deb822_text t, const char *name, time_t *out,
                     struct err *e)
{
    const char *text;
    struct err why = {0};
    *out = 0;
    if (!t.data)
        return 0;
    if (take_text(a, t, name, &text, e))
        return -1;
    if (clock_parse_rfc2822(text, out, &why) || *out <= 0)
        return err_set(e, ERR_INPUT, "%s is no date", name);
    return 0;
}

struct lister {
    struct arena *a;
    struct release *r;
    size_t room;
};

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const struct release_entry *)a)->name, ((const struct release_entry *)b)->name);
}

static const char *take_sum(struct arena *a, struct deb822_text t, enum hash_kind kind)
{
    if (t.len != hash_hex_length(kind))
        return NULL;
    char *sum = arena_strndup(a, t.data, t.len);
    for (char *c = sum; *c; c++) {
        if (!isxdigit((unsigned char)*c))
            return NULL;
        *c = (char)tolower((unsigned char)*c);
    }
    return sum;
}

/* Safe, or with the '@' of icons-48x48@2.tar.gz, which we do not take. */
static bool is_listable(struct deb822_text name)
{
    char copy[PATHS_MAX];
    if (name.len > sizeof copy)
        return false;
    for (size_t i = 0; i < name.len; i++)
        copy[i] = (char)(name.data[i] == '@' ? '_' : name.data[i]);
    return paths_is_safe(copy, name.len);
}

/* One line of a section: hash, size, name. */
static int take_entry(struct lister *l, struct deb822_text line, enum hash_kind kind,
                      struct release_entry *out, struct err *e)
{
    struct deb822_text sum, size, name, more;
    if (!deb822_next_word(&line, &sum) || !deb822_next_word(&line, &size) ||
        !deb822_next_word(&line, &name) || deb822_next_word(&line, &more))
        return err_set(e, ERR_INPUT, "%s has a line that is not 'hash size name'",
                       hash_section(kind));
    if (!is_listable(name))
        return err_set(e, ERR_INPUT, "%s lists a name that is not allowed", hash_section(kind));
    *out = (struct release_entry){.name = arena_strndup(l->a, name.data, name.len)};
    out->sums[kind] = take_sum(l->a, sum, kind);
    if (!out->sums[kind] || deb822_size(size, &out->size))
        return err_set(e, ERR_INPUT, "%s: hash or size of %.200s is none", hash_section(kind),
                       out->name);
    out->kind = PATHS_OTHER;
    if (paths_is_safe(out->name, name.len))
        out->kind = paths_index_kind(out->name, name.len, &out->plain_len);
    return 0;
}

/* The SHA256 section says which files there are. */
static int list_files(struct lister *l, struct deb822_text section, struct err *e)
{
    struct release *r = l->r;
    struct deb822_text line;
    while (deb822_next_line(&section, &line)) {
        if (line.len == 0)
            continue;
        if (r->count >= RELEASE_ENTRIES_MAX)
            return err_set(e, ERR_INPUT, "it lists more than %d files", RELEASE_ENTRIES_MAX);
        r->entries = arena_grow(l->a, r->entries, r->count, &l->room, sizeof *r->entries);
        if (take_entry(l, line, HASH_SHA256, &r->entries[r->count], e))
            return -1;
        if (r->entries[r->count].kind != PATHS_OTHER)
            r->count++;
    }
    if (r->count)
        qsort(r->entries, r->count, sizeof *r->entries, compare_entries);
    for (size_t i = 1; i < r->count; i++)
        if (strcmp(r->entries[i - 1].name, r->entries[i].name) == 0)
            return err_set(e, ERR_INPUT, "it lists %.200s twice", r->entries[i].name);
    return 0;
}

/* The other sections add their hashes to those files. */
static int add_sums(struct lister *l, struct deb822_text section, enum hash_kind kind,
                    struct err *e)
{
    struct deb822_text line;
    int lines = 0;
    while (deb822_next_line(&section, &line)) {
        struct release_entry one;
        if (line.len == 0)
            continue;
        if (++lines > 2 * RELEASE_ENTRIES_MAX)
            return err_set(e, ERR_INPUT, "%s is too long", hash_section(kind));
        if (take_entry(l, line, kind, &one, e))
            return -1;
        struct release_entry *entry = (struct release_entry *)release_find(l->r, one.name);
        if (!entry)
            continue;
        if (entry->sums[kind] || entry->size != one.size)
            return err_set(e, ERR_INPUT, "its sections contradict each other on %.200s", one.name);
        entry->sums[kind] = one.sums[kind];
    }
    return 0;
}

static int take_fields(struct arena *a, const struct deb822_text *f, struct release *r,
                       struct err *e)
{
    const char **texts[] = {&r->origin,         &r->label,
                            &r->suite,          &r->codename,
                            &r->version,        &r->description,
                            &r->components,     &r->architectures,
                            &r->not_automatic,  &r->but_automatic_upgrades,
                            &r->acquire_by_hash};
    for (int i = ORIGIN; i <= ACQUIRE_BY_HASH; i++)
        if (take_text(a, f[i], field_names[i], texts[i], e))
            return -1;
    if (take_date(a, f[DATE], "Date", &r->date, e) ||
        take_date(a, f[VALID_UNTIL], "Valid-Until", &r->valid_until, e))
        return -1;
    return r->date ? 0 : err_set(e, ERR_INPUT, "it has no Date");
}

int release_parse(struct arena *a, const char *text, size_t len, struct release *out, struct err *e)
{
    struct deb822_reader reader;
    struct deb822_text f[FIELD_COUNT], more[1];
    struct lister l = {a, out, 0};
    int line = 0;

    memset(out, 0, sizeof *out);
    deb822_open(&reader, text, len);
    reader.paragraph_max = RELEASE_BYTES_MAX;
    int found = deb822_next(&reader, field_names, f, FIELD_COUNT, &line, e);
    if (found <= 0)
        return found < 0 ? -1 : err_set(e, ERR_INPUT, "it is empty");
    if (deb822_next(&reader, field_names, more, 1, &line, e) != 0)
        return err_set(e, ERR_INPUT, "it has more than one paragraph");
    if (take_fields(a, f, out, e))
        return -1;
    if (!f[SUMS + HASH_SHA256].data)
        return err_set(e, ERR_INPUT, "it lists no SHA256");
    if (list_files(&l, f[SUMS + HASH_SHA256], e))
        return -1;
    for (int kind = 0; kind < HASH_KINDS; kind++)
        if (kind != HASH_SHA256 && f[SUMS + kind].data && add_sums(&l, f[SUMS + kind], kind, e))
            return -1;
    return 0;
}

const struct release_entry *release_find(const struct release *r, const char *name)
{
    struct release_entry key = {.name = name};
    return r->count ? bsearch(&key, r->entries, r->count, sizeof key, compare_entries) : NULL;
}

enum hash_kind release_strongest(const struct release *r)
{
    for (size_t i = 0; i < r->count; i++)
        if (!r->entries[i].sums[HASH_SHA512])
            return HASH_SHA256;
    return r->count ? HASH_SHA512 : HASH_SHA256;
}

bool release_is_suite(const struct release *r, const char *suite)
{
    return (r->suite && strcmp(r->suite, suite) == 0) ||
           (r->codename && strcmp(r->codename, suite) == 0);
}
