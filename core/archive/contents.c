// SPDX-License-Identifier: Apache-2.0
#include "core/archive/contents.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "core/format/deb822.h"
#include "core/rules/version.h"

#define NAME_MAX_LEN 255

enum field {
    PACKAGE,
    SOURCE,
    VERSION,
    FILENAME,
    SIZE,
    SHA256,
    ESSENTIAL,
    DIRECTORY,
    CHECKSUMS,
    EXTRA_SOURCE_ONLY,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "Package", "Source",    "Version",   "Filename",         "Size",
    "SHA256",  "Essential", "Directory", "Checksums-Sha256", "Extra-Source-Only"};

struct reader {
    struct arena *a;
    const struct contents_rules *rules;
    struct contents *c;
    size_t file_room, source_room, essential_room;
};

/* Policy 5.6.1 and 5.6.7, and upper case as some binaries have it. */
static bool is_package_name(struct deb822_text t)
{
    if (t.len < 2 || t.len > NAME_MAX_LEN || !isalnum((unsigned char)t.data[0]))
        return false;
    for (size_t i = 0; i < t.len; i++)
        if (!isalnum((unsigned char)t.data[i]) && !memchr("+-._", t.data[i], 4))
            return false;
    return true;
}

/* Whether it lies below pool/SUITE/ of one of those suites, as pkgos-scan-repo lays it out. */
static bool is_below_suite(const struct config_strings *suites, const char *path)
{
    const char *part = path + strlen("pool/");
    size_t len = strcspn(part, "/");
    for (size_t i = 0; suites && i < suites->count; i++)
        if (strncmp(suites->items[i], part, len) == 0 && suites->items[i][len] == '\0')
            return true;
    return false;
}

static bool is_allowed(const struct config_strings *globs, const char *source)
{
    for (size_t i = 0; globs && i < globs->count; i++)
        if (fnmatch(globs->items[i], source, 0) == 0)
            return true;
    return !globs;
}

/* Debian's layout: pool/COMPONENT/n/nova/FILE. */
static int check_place(const struct reader *r, const char *path, struct err *e)
{
    char folder[PATHS_MAX + 1];
    if (is_below_suite(r->rules->own, path))
        return 0;
    if (is_below_suite(r->rules->others, path))
        return err_set(e, ERR_INPUT, "%s belongs to a suite of another mirror", path);
    memcpy(folder, path, strlen(path) + 1);
    *strrchr(folder, '/') = '\0';
    if (!is_allowed(r->rules->sources, strrchr(folder, '/') ? strrchr(folder, '/') + 1 : ""))
        return err_set(e, ERR_INPUT,
                       "%s lies in no folder of a source package that this mirror may bring", path);
    return 0;
}

/* path: folder and name joined; a leading "./" is the archive's root. */
static int add_file(struct reader *r, struct deb822_text folder, struct deb822_text name,
                    struct deb822_text size, struct deb822_text sum, struct err *e)
{
    struct contents *c = r->c;
    if (r->rules->files_max > 0 && c->file_count >= 2 * (size_t)r->rules->files_max)
        return err_set(e, ERR_INPUT,
                       "it names more files than any mirror may: ten times limits.files");
    if (folder.len > PATHS_MAX || name.len > PATHS_MAX)
        return err_set(e, ERR_INPUT, "a path is too long");
    const char *path = folder.data ? arena_printf(r->a, "%.*s/%.*s", (int)folder.len, folder.data,
                                                  (int)name.len, name.data)
                                   : arena_strndup(r->a, name.data, name.len);
    if (strncmp(path, "./", 2) == 0)
        path += 2;
    if (!paths_is_pool(path, strlen(path)))
        return err_set(e, ERR_INPUT,
                       "a path is not allowed: no plain name of a package below pool/");
    if (check_place(r, path, e))
        return -1;
    c->files = arena_grow(r->a, c->files, c->file_count, &r->file_room, sizeof *c->files);
    struct contents_file *f = &c->files[c->file_count];
    f->path = path;
    if (deb822_size(size, &f->size) || hash_parse_sha256(sum.data, sum.len, f->sha256))
        return err_set(e, ERR_INPUT, "%s has no Size or no SHA256", path);
    c->file_count++;
    return 0;
}

static int check_source(struct reader *r, const char *name, struct err *e)
{
    return is_allowed(r->rules->sources, name)
               ? 0
               : err_set(e, ERR_INPUT, "this mirror may not bring source package %s", name);
}

/* Source is "name" or "name (version)"; without it the source has the package's name. */
static int check_source_of(struct reader *r, const struct deb822_text *f, struct err *e)
{
    struct deb822_text line = f[SOURCE].data ? f[SOURCE] : f[PACKAGE], name;
    char copy[NAME_MAX_LEN + 1];
    if (!deb822_next_word(&line, &name) || !is_package_name(name))
        return err_set(e, ERR_INPUT, "Source is no name of a package");
    memcpy(copy, name.data, name.len);
    copy[name.len] = '\0';
    return check_source(r, copy, e);
}

static int take_package(struct reader *r, const struct deb822_text *f, struct err *e)
{
    struct contents *c = r->c;
    if (!is_package_name(f[PACKAGE]))
        return err_set(e, ERR_INPUT, "Package is no name of a package");
    if (check_source_of(r, f, e))
        return -1;
    if (!f[FILENAME].data)
        return err_set(e, ERR_INPUT, "no field Filename");
    if (deb822_equals(f[ESSENTIAL], "yes")) {
        c->essential = arena_grow(r->a, c->essential, c->essential_count, &r->essential_room,
                                  sizeof *c->essential);
        c->essential[c->essential_count++] = arena_strndup(r->a, f[PACKAGE].data, f[PACKAGE].len);
    }
    struct deb822_text none = {0};
    return add_file(r, none, f[FILENAME], f[SIZE], f[SHA256], e);
}

static int add_source(struct reader *r, const char *name, struct deb822_text version, struct err *e)
{
    struct contents *c = r->c;
    struct buf key = BUF_INIT;
    c->sources = arena_grow(r->a, c->sources, c->source_count, &r->source_room, sizeof *c->sources);
    struct contents_source *s = &c->sources[c->source_count];
    s->name = name;
    s->version = arena_strndup(r->a, version.data ? version.data : "", version.len);
    int rc = version_key(s->version, &key, e);
    if (rc == 0) {
        s->key = arena_memdup(r->a, key.data, key.len);
        s->key_len = key.len;
        c->source_count++;
    }
    buf_free(&key);
    return rc;
}

static int take_source(struct reader *r, struct deb822_text *f, struct err *e)
{
    struct deb822_text line;
    if (!is_package_name(f[PACKAGE]))
        return err_set(e, ERR_INPUT, "Package is no name of a package");
    const char *name = arena_strndup(r->a, f[PACKAGE].data, f[PACKAGE].len);
    if (check_source(r, name, e))
        return -1;
    if (!f[DIRECTORY].data || !f[CHECKSUMS].data)
        return err_set(e, ERR_INPUT, "no field Directory or Checksums-Sha256");
    size_t before = r->c->file_count;
    while (deb822_next_line(&f[CHECKSUMS], &line)) {
        struct deb822_text sum, size, file;
        if (line.len == 0)
            continue;
        if (!deb822_next_word(&line, &sum) || !deb822_next_word(&line, &size) ||
            !deb822_next_word(&line, &file))
            return err_set(e, ERR_INPUT, "Checksums-Sha256 has a line that is none");
        if (add_file(r, f[DIRECTORY], file, size, sum, e))
            return -1;
    }
    if (r->c->file_count == before) /* the limit of files is that of sources as well */
        return err_set(e, ERR_INPUT, "a source package without files");
    return deb822_equals(f[EXTRA_SOURCE_ONLY], "yes") ? 0 : add_source(r, name, f[VERSION], e);
}

static int read_input(struct reader *r, const struct contents_input *in, struct err *e)
{
    struct deb822_reader text;
    struct deb822_text f[FIELD_COUNT];
    int line = 0, found;
    deb822_open(&text, in->data ? in->data : "", in->len);
    while ((found = deb822_next(&text, field_names, f, FIELD_COUNT, &line, e)) != 0) {
        int rc = found < 0                    ? -1
                 : in->kind == PATHS_PACKAGES ? take_package(r, f, e)
                                              : take_source(r, f, e);
        if (rc) {
            struct deb822_text p = found > 0 ? f[PACKAGE] : (struct deb822_text){0};
            return is_package_name(p)
                       ? err_context(e, "%s, %.*s (line %d)", in->name, (int)p.len, p.data, line)
                       : err_context(e, "%s, line %d", in->name, line);
        }
    }
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct contents_file *)a)->path, ((const struct contents_file *)b)->path);
}

int contents_compare_keys(const unsigned char *a, size_t a_len, const unsigned char *b,
                          size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order ? order : (a_len > b_len) - (a_len < b_len);
}

/* By name, the highest version first. */
static int by_name(const void *a, const void *b)
{
    const struct contents_source *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : contents_compare_keys(y->key, y->key_len, x->key, x->key_len);
}

static int unite(struct contents *c, const struct contents_rules *rules, struct err *e)
{
    size_t n = 0;
    if (c->file_count)
        qsort(c->files, c->file_count, sizeof *c->files, by_path);
    for (size_t i = 0; i < c->file_count; i++) {
        const struct contents_file *f = &c->files[i], *last = n ? &c->files[n - 1] : NULL;
        if (!last || strcmp(last->path, f->path) != 0)
            c->files[n++] = *f;
        else if (last->size != f->size || memcmp(last->sha256, f->sha256, SHA256_SIZE) != 0)
            return err_set(e, ERR_INPUT, "its indexes contradict each other on %s", f->path);
    }
    c->file_count = n;
    if (rules->files_max > 0 && n > (size_t)rules->files_max)
        return err_set(e, ERR_INPUT,
                       "it names more files than any mirror may: ten times limits.files");
    if (c->source_count)
        qsort(c->sources, c->source_count, sizeof *c->sources, by_name);
    n = 0;
    for (size_t i = 0; i < c->source_count; i++)
        if (n == 0 || strcmp(c->sources[n - 1].name, c->sources[i].name) != 0)
            c->sources[n++] = c->sources[i];
    c->source_count = n;
    return 0;
}

int contents_read(struct arena *a, const struct contents_input *inputs, size_t count,
                  const struct contents_rules *rules, struct contents *out, struct err *e)
{
    struct reader r = {.a = a, .rules = rules, .c = out};
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < count; i++)
        if (read_input(&r, &inputs[i], e))
            return -1;
    return unite(out, rules, e);
}

const struct contents_file *contents_find(const struct contents *c, const char *path)
{
    struct contents_file key = {.path = path};
    return c->file_count ? bsearch(&key, c->files, c->file_count, sizeof key, by_path) : NULL;
}

static int by_name_alone(const void *a, const void *b)
{
    return strcmp(((const struct contents_source *)a)->name,
                  ((const struct contents_source *)b)->name);
}

const struct contents_source *contents_find_source(const struct contents *c, const char *name)
{
    struct contents_source key = {.name = name};
    return c->source_count ? bsearch(&key, c->sources, c->source_count, sizeof key, by_name_alone)
                           : NULL;
}

int contents_compare(const struct contents *before, const struct contents *now,
                     contents_visit *came, contents_visit *left, void *data, struct err *e)
{
    size_t i = 0, k = 0;
    while (i < before->file_count || k < now->file_count) {
        const struct contents_file *old = i < before->file_count ? &before->files[i] : NULL;
        const struct contents_file *new = k < now->file_count ? &now->files[k] : NULL;
        int order = !old ? 1 : !new ? -1 : strcmp(old->path, new->path);
        int rc = 0;
        if (order < 0)
            rc = left ? left(data, old, NULL, e) : 0;
        else if (order > 0)
            rc = came ? came(data, new, NULL, e) : 0;
        else if (old->size != new->size || memcmp(old->sha256, new->sha256, SHA256_SIZE) != 0)
            rc = came ? came(data, new, old, e) : 0;
        if (rc)
            return rc;
        i += order <= 0;
        k += order >= 0;
    }
    return 0;
}
