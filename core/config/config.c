// SPDX-License-Identifier: Apache-2.0
#include "core/config/config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/config/reader.h"

#define FILE_MAX_BYTES ((size_t)2 << 20)
#define SERIES_FOLDER  "releases.d"

/* A file or folder as it was when it was read. Absent is a state, too. */
struct config_stamp {
    const char *path;
    bool there;
    struct timespec changed; /* ctime: also tells a file that was moved here with an old mtime */
    off_t size;
    ino_t inode;
};

struct config_stamps {
    struct config_stamp *items;
    size_t count;
};

static void take_stamp(struct config_stamp *stamp, const char *path)
{
    struct stat st;
    stamp->path = path;
    stamp->there = stat(path, &st) == 0;
    if (!stamp->there)
        return;
    stamp->changed = st.st_ctim;
    stamp->size = st.st_size;
    stamp->inode = st.st_ino;
}

static void add_stamp(struct config *c, const char *path)
{
    take_stamp(&c->stamps->items[c->stamps->count++], path);
}

static bool is_changed(const struct config_stamp *before)
{
    struct config_stamp now = {0};
    take_stamp(&now, before->path);
    return now.there != before->there ||
           (now.there && (now.size != before->size || now.inode != before->inode ||
                          now.changed.tv_sec != before->changed.tv_sec ||
                          now.changed.tv_nsec != before->changed.tv_nsec));
}

bool config_is_stale(const struct config *c)
{
    for (size_t i = 0; i < c->stamps->count; i++)
        if (is_changed(&c->stamps->items[i]))
            return true;
    return false;
}

/* FNV-1a, 128 bits: tells apart texts that people write, and is no protection against forgery. */
static void hash_add(unsigned __int128 *hash, const void *data, size_t len)
{
    const unsigned __int128 prime = ((unsigned __int128)1 << 88) + 0x13b;
    const unsigned char *p = data;
    for (size_t i = 0; i < len; i++)
        *hash = (*hash ^ p[i]) * prime;
}

static void hash_write(unsigned __int128 hash, char out[CONFIG_HASH_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    out[CONFIG_HASH_SIZE - 1] = '\0';
    for (int i = CONFIG_HASH_SIZE - 2; i >= 0; i--, hash >>= 4)
        out[i] = digits[(unsigned)hash & 15];
}

const char *config_find(const char *option)
{
    const char *variable = getenv("DEB_STATUS_CONFIG");
    if (option != NULL)
        return option;
    return variable != NULL && *variable != '\0' ? variable : CONFIG_DEFAULT_PATH;
}

/* The text of one file, from the disk or from what was saved of it; kept for config_save. */
static const struct config_text *take_text(struct reader *r, const char *name, const char *path)
{
    struct config *c = r->c;
    struct config_text *kept = &c->texts->items[c->texts->count];
    struct buf text = BUF_INIT;
    if (r->saved != NULL) {
        const struct config_text *t = &r->saved->items[c->texts->count++];
        *kept = (struct config_text){arena_strdup(&c->arena, t->name),
                                     arena_strndup(&c->arena, t->text, t->len), t->len};
        return kept;
    }
    add_stamp(c, path);
    if (file_read(path, FILE_MAX_BYTES, &text, r->e) != 0) {
        r->e->code = ERR_INPUT; /* an unreadable file is a wrong configuration */
        buf_free(&text);
        return NULL;
    }
    *kept =
        (struct config_text){name, arena_strndup(&c->arena, buf_str(&text), text.len), text.len};
    c->texts->count++;
    buf_free(&text);
    return kept;
}

/* Reads and parses one file; r->file names it in errors. Returns its tree. */
static struct node *read_file(struct reader *r, const char *name, const char *path,
                              unsigned __int128 *hash)
{
    int line = 1;
    struct err why;
    const struct config_text *text = take_text(r, name, path);
    if (text == NULL)
        return NULL;
    hash_add(hash, r->file, strlen(r->file) + 1);
    hash_add(hash, text->text, text->len);
    struct node *root =
        yaml_parse(&r->c->arena, text->text, text->len, &yaml_default_limits, &line, &why);
    if (root == NULL) {
        const char *reason = strncmp(why.text, "line ", 5) == 0 ? strstr(why.text, ": ") : NULL;
        reader_fail(r, line, "%s", reason ? reason + 2 : why.text);
    }
    return root;
}

static int is_series_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".yaml") == 0;
}

static int read_series_file(struct reader *r, const char *folder, const char *name,
                            unsigned __int128 *hash)
{
    r->file = arena_printf(&r->c->arena, SERIES_FOLDER "/%s", name);
    const char *path = arena_printf(&r->c->arena, "%s/%s", folder, name);
    struct node *root = read_file(r, r->file, path, hash);
    return root ? config_read_series(r, root) : -1;
}

static void make_room(struct config *c, size_t series)
{
    c->series = arena_alloc(&c->arena, (series + 1) * sizeof(*c->series));
    struct config_stamp *stamps = arena_alloc(&c->arena, (series + 3) * sizeof(*stamps));
    memcpy(stamps, c->stamps->items, c->stamps->count * sizeof(*stamps));
    c->stamps->items = stamps;
    struct config_text *texts = arena_alloc(&c->arena, (series + 1) * sizeof(*texts));
    memcpy(texts, c->texts->items, c->texts->count * sizeof(*texts));
    c->texts->items = texts;
}

static int read_saved_series(struct reader *r, unsigned __int128 *hash)
{
    make_room(r->c, r->saved->count - 1);
    for (size_t i = 1; i < r->saved->count; i++) {
        r->file = arena_strdup(&r->c->arena, r->saved->items[i].name);
        struct node *root = read_file(r, r->file, NULL, hash);
        if (root == NULL || config_read_series(r, root) != 0)
            return -1;
    }
    return 0;
}

/* A folder that is not there is as good as an empty one. */
static int read_series_folder(struct reader *r, unsigned __int128 *hash)
{
    struct config *c = r->c;
    const char *folder = arena_printf(&c->arena, "%s/" SERIES_FOLDER, c->folder);
    struct dirent **entries = NULL;
    add_stamp(c, folder);
    int n = scandir(folder, &entries, is_series_file, alphasort), rc = 0;
    if (n < 0 && errno == ENOENT)
        return 0;
    if (n < 0) {
        err_errno(r->e, "read folder %s", folder);
        r->e->code = ERR_INPUT;
        return -1;
    }
    make_room(c, (size_t)n);
    for (int i = 0; i < n; i++) {
        if (rc == 0)
            rc = read_series_file(r, folder, entries[i]->d_name, hash);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int find_folder(struct config *c, const char *path, struct err *e)
{
    char cwd[PATH_MAX];
    if (*path != '/' && getcwd(cwd, sizeof(cwd)) == NULL)
        return err_errno(e, "find the working folder");
    c->path =
        *path == '/' ? arena_strdup(&c->arena, path) : arena_printf(&c->arena, "%s/%s", cwd, path);
    const char *slash = strrchr(c->path, '/');
    c->folder =
        slash == c->path ? "/" : arena_strndup(&c->arena, c->path, (size_t)(slash - c->path));
    return 0;
}

static int read_main(struct reader *r, enum config_parts parts, unsigned __int128 *hash)
{
    struct config *c = r->c;
    const struct node *root = read_file(r, c->path, c->path, hash);
    if (root == NULL)
        return -1;
    r->root = root;
    c->upstream.kind = UPSTREAM_RELEASES;
    if (settings_defaults(r, config_settings, c) != 0)
        return -1;
    if (parts != CONFIG_ALL)
        return settings_read_parts(r, config_settings,
                                   parts == CONFIG_HOOK ? PART_HOOK : PART_PAGES, root, c);
    if (settings_read(r, config_settings, root, c) != 0)
        return -1;
    return config_check_mirrors(r);
}

static void override_database(struct config *c)
{
    const char *variable = getenv("DEB_STATUS_DATABASE");
    if (variable == NULL || *variable == '\0')
        return;
    c->database = arena_strdup(&c->arena, variable);
    c->database_read = NULL;
}

static struct config *load(const char *path, enum config_parts parts,
                           const struct config_texts *saved, struct err *e)
{
    struct err unused;
    unsigned __int128 hash = ((unsigned __int128)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d;
    struct config *c = calloc(1, sizeof(*c));
    if (c == NULL)
        abort();
    struct reader r = {.c = c, .saved = saved, .e = e ? e : &unused};
    c->stamps = arena_alloc(&c->arena, sizeof(*c->stamps));
    c->stamps->items = arena_alloc(&c->arena, 2 * sizeof(*c->stamps->items));
    c->texts = arena_alloc(&c->arena, sizeof(*c->texts));
    c->texts->items = arena_alloc(&c->arena, sizeof(*c->texts->items));
    if (find_folder(c, path, r.e) != 0) {
        config_free(c);
        return NULL;
    }
    r.file = strrchr(c->path, '/') + 1; /* stays in `where`: the caller's path may not outlive us */
    if (read_main(&r, parts, &hash) != 0 ||
        (parts == CONFIG_ALL &&
         (saved ? read_saved_series(&r, &hash) : read_series_folder(&r, &hash)) != 0)) {
        config_free(c);
        return NULL;
    }
    hash_write(hash, c->hash);
    override_database(c);
    return c;
}

struct config *config_load(const char *path, enum config_parts parts, struct err *e)
{
    return load(path, parts, NULL, e);
}

struct config *config_load_texts(const struct config_texts *texts, struct err *e)
{
    return load(texts->items[0].name, CONFIG_ALL, texts, e);
}

void config_free(struct config *c)
{
    if (c == NULL)
        return;
    struct arena arena = c->arena;
    arena_free(&arena);
    free(c);
}

const struct config_mirror *config_mirror_find(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->mirror_count; i++)
        if (strcmp(c->mirrors[i].name, name) == 0)
            return &c->mirrors[i];
    return NULL;
}

bool config_mirror_has_suite(const struct config_mirror *m, const char *suite)
{
    for (size_t i = 0; i < m->suites.count; i++)
        if (strcmp(m->suites.items[i], suite) == 0)
            return true;
    return false;
}

const struct config_mirror *config_mirror_of_suite(const struct config *c, const char *suite)
{
    for (size_t i = 0; i < c->mirror_count; i++)
        if (config_mirror_has_suite(&c->mirrors[i], suite))
            return &c->mirrors[i];
    return NULL;
}
