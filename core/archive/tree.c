// SPDX-License-Identifier: Apache-2.0
#include "core/archive/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/archive/byhash.h"
#include "core/archive/ownrelease.h"
#include "core/base/clock.h"
#include "core/base/file.h"

#define KEPT_GENERATIONS 5
#define WAIT_SECOND_MS   3000

static const char *const signed_names[] = {"InRelease", "Release", "Release.gpg"};

static const char *next_folder(struct arena *a, const struct place *p, const char *suite)
{
    return arena_printf(a, "%s/next", place_generations(a, p, suite));
}

/* From the published tree, until that goes; from staging for good: what the next suite's transfer
 * can write is never a file that is served. */
static int link_index(struct suite *s, const char *next, const struct index_file *f, struct err *e)
{
    const char *to = arena_printf(s->a, "%s/%s", next, f->entry->name);
    char *folder = arena_strdup(s->a, to);
    *strrchr(folder, '/') = '\0';
    if (file_make_dirs(folder, 0755, e))
        return -1;
    const char *from = indexes_path(&s->indexes, f);
    if ((f->where == INDEX_STAGED ? rename(from, to) : link(from, to)) || chmod(to, 0644))
        return err_errno(e, "putting %s into the next generation", f->entry->name);
    return 0;
}

static int link_indexes(struct suite *s, const char *next, struct err *e)
{
    for (size_t i = 0; i < s->indexes.count; i++)
        if (s->indexes.files[i].where != INDEX_MISSING &&
            link_index(s, next, &s->indexes.files[i], e))
            return -1;
    return 0;
}

/* Until the clock's second is after both; a clock that was set back is no reason to serve a time
 * in the future. */
static int wait_for_second(time_t before, struct err *e)
{
    int64_t until = clock_monotonic_ms() + WAIT_SECOND_MS;
    while (time(NULL) <= before) {
        struct timespec pause = {0, 5000000};
        if (clock_monotonic_ms() > until)
            return err_set(e, ERR_TRANSIENT,
                           "this machine's clock is behind the time of the last publish");
        nanosleep(&pause, NULL);
    }
    return 0;
}

static int write_text(const char *next, struct arena *a, const char *name, const struct buf *text,
                      struct err *e)
{
    return file_write(arena_printf(a, "%s/%s", next, name), buf_str(text), text->len, 0644, e);
}

static int write_own(struct run *r, struct suite *s, struct tree *t, struct release *listed,
                     struct err *e)
{
    struct buf text = BUF_INIT, inline_signed = BUF_INIT, detached = BUF_INIT;
    if (ownrelease_asks_host(s) && s->newest > 0)
        run_warn(r,
                 "%s: nothing of what was published is left on the disk: Origin and the like come "
                 "from the host, but for those that `release:` sets",
                 s->name);
    ownrelease_write(r, s, time(NULL), &text);
    int rc = release_parse(s->a, buf_str(&text), text.len, listed, e) ||
                     signer_sign(r->signer, text.data, text.len, &inline_signed, &detached, e) ||
                     write_text(t->next, s->a, "Release", &text, e) ||
                     write_text(t->next, s->a, "InRelease", &inline_signed, e) ||
                     write_text(t->next, s->a, "Release.gpg", &detached, e)
                 ? -1
                 : 0;
    buf_free(&text);
    buf_free(&inline_signed);
    buf_free(&detached);
    return rc;
}

/* Where one of these changes apt stops at each user until he accepts it: apt-secure(8). */
static void warn_of_changes(const struct run *r, const struct suite *s)
{
    const struct release *was = &s->now.release, *is = &s->release;
    const struct {
        const char *field, *was, *is;
    } fields[] = {
        {"Origin", was->origin, is->origin},
        {"Label", was->label, is->label},
        {"Suite", was->suite, is->suite},
        {"Codename", was->codename, is->codename},
        {"NotAutomatic", was->not_automatic, is->not_automatic},
        {"ButAutomaticUpgrades", was->but_automatic_upgrades, is->but_automatic_upgrades}};
    for (size_t i = 0; s->now.exists && i < sizeof fields / sizeof *fields; i++) {
        const char *old = fields[i].was ? fields[i].was : "",
                   *new = fields[i].is ? fields[i].is : "";
        if (strcmp(old, new) != 0)
            run_warn(r,
                     "%s: the host has changed %s from '%.100s' to '%.100s': apt will ask each "
                     "user, or stop",
                     s->name, fields[i].field, old, new);
    }
}

/* The host's signed files as they are: copies, as what a transfer has written is never served. */
static int copy_signed(struct run *r, struct suite *s, struct tree *t, struct err *e)
{
    const bool has[] = {s->has_inline, s->has_release, s->has_detached};
    for (int i = 0; i < 3; i++) {
        const char *from =
            arena_printf(s->a, "%s/dists/%s/%s", r->signed_dir, s->name, signed_names[i]);
        if (has[i] &&
            file_copy(from, arena_printf(s->a, "%s/%s", t->next, signed_names[i]), 0644, e))
            return err_context(e, "putting %s into the next generation", signed_names[i]);
    }
    return s->has_release ? 0 : write_text(t->next, s->a, "Release", &s->text, e);
}

static void fill_record(const struct run *r, const struct suite *s, struct tree *t)
{
    struct published_record *p = &t->record;
    t->generation = s->newest + 1;
    *p = (struct published_record){
        .generation = t->generation,
        .mirror = r->mirror->name,
        .host_date = s->release.date,
        .newest_host_date = s->newest_date,
        .published = time(NULL),
        .rolled_back_to = s->rolled_back_to,
        .content_of = s->content_of ? s->content_of : t->generation,
    };
    memcpy(p->host_sha256, s->sha256, SHA256_HEX);
    memcpy(p->newest_host_sha256, s->newest_sha256, SHA256_HEX);
    memcpy(p->signing_key, r->signing_key, SHA256_HEX);
}

static int make_signed(struct run *r, struct suite *s, struct tree *t, struct err *e)
{
    const char *published = place_suite(s->a, &r->place, s->name);
    struct release own, *listed = &s->release;
    bool by_hash;
    if (t->own_signature) {
        listed = &own;
        if (write_own(r, s, t, &own, e))
            return -1;
        by_hash = true;
    } else {
        warn_of_changes(r, s);
        if (copy_signed(r, s, t, e))
            return -1;
        by_hash = s->release.acquire_by_hash && strcmp(s->release.acquire_by_hash, "yes") == 0;
    }
    return by_hash ? byhash_fill(s, t->next, published, listed, r->config->publish_grace_s, e) : 0;
}

int tree_make(struct run *r, struct suite *s, struct tree *t, struct err *e)
{
    time_t before = s->now.exists ? s->now.mtime : 0, unused;
    bool inline_signed;
    memset(t, 0, sizeof *t);
    t->next = next_folder(s->a, &r->place, s->name);
    t->own_signature = r->signer != NULL;
    if (t->own_signature && s->now.exists && s->now.release.date > before)
        before = s->now.release.date; /* an older or equal Date is ignored by apt */
    if (file_remove_tree(t->next, e) || file_make_dirs(t->next, 0755, e) ||
        link_indexes(s, t->next, e) || wait_for_second(before, e) || make_signed(r, s, t, e) ||
        published_id(s->a, t->next, t->id, &inline_signed, &unused, e))
        return -1;
    fill_record(r, s, t);
    if (published_write_record(s->a, &r->place, s->name, t->id, &t->record, e))
        return -1;
    return place_sync(r->place.root, e);
}

static int set_times(struct arena *a, const char *folder, struct err *e)
{
    time_t now = time(NULL); /* whole seconds: a fraction would be in the future for no one */
    struct timespec times[2] = {{.tv_sec = now}, {.tv_sec = now}};
    for (int i = 0; i < 3; i++)
        if (utimensat(AT_FDCWD, arena_printf(a, "%s/%s", folder, signed_names[i]), times, 0) &&
            errno != ENOENT)
            return err_errno(e, "setting the time of %s", signed_names[i]);
    return 0;
}

int tree_switch(struct run *r, struct suite *s, const struct tree *t, struct err *e)
{
    const char *to = place_suite(s->a, &r->place, s->name);
    const char *generations = place_generations(s->a, &r->place, s->name);
    if (set_times(s->a, t->next, e))
        return -1;
    if (renameat2(AT_FDCWD, t->next, AT_FDCWD, to,
                  file_exists(to) ? RENAME_EXCHANGE : RENAME_NOREPLACE))
        return err_errno(e, "switching %s to its next generation", s->name);
    if (place_sync_folder(arena_printf(s->a, "%s/dists", r->place.root), e) ||
        place_sync_folder(generations, e))
        return -1;
    return tree_repair(s->a, &r->place, s->name, NULL, e);
}

/* The record of the tree in `next`, 0 if it has none: the generation it was. */
static int generation_of(struct arena *a, const struct place *p, const char *suite,
                         const char *folder)
{
    struct published was;
    struct err why = {0};
    int generation = 0;
    if (published_read(a, p, suite, folder, &was, &why) == 0 && was.exists && was.recorded)
        generation = was.record.generation;
    published_free(&was);
    return generation;
}

int tree_repair(struct arena *a, const struct place *p, const char *suite,
                const struct published *now, struct err *e)
{
    const char *next = next_folder(a, p, suite);
    if (!file_exists(next))
        return 0;
    int current = now ? (now->recorded ? now->record.generation : 0)
                      : generation_of(a, p, suite, place_suite(a, p, suite));
    int was = generation_of(a, p, suite, next);
    const char *to = arena_printf(a, "%s/%d", place_generations(a, p, suite), was);
    if (was > 0 && was < current && !file_exists(to)) {
        if (rename(next, to))
            return err_errno(e, "putting an earlier generation aside");
        return 0;
    }
    return file_remove_tree(next, e);
}

static int compare_numbers(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (y > x) - (y < x);
}

static void prune_records(struct arena *a, const char *records, char (*ids)[SHA256_HEX],
                          size_t count)
{
    DIR *dir = opendir(records);
    struct dirent *d;
    while (dir && (d = readdir(dir))) {
        bool keep = d->d_name[0] == '.';
        for (size_t i = 0; i < count && !keep; i++)
            keep = strcmp(d->d_name, ids[i]) == 0;
        if (!keep)
            unlink(arena_printf(a, "%s/%s", records, d->d_name));
    }
    if (dir)
        closedir(dir);
}

void tree_prune(struct arena *a, const struct place *p, const char *suite, const char *id)
{
    const char *folder = place_generations(a, p, suite);
    char ids[KEPT_GENERATIONS + 1][SHA256_HEX];
    long numbers[4096];
    size_t n = 0, kept = 0;
    struct dirent *d;
    DIR *dir = opendir(folder);
    while (dir && n < sizeof numbers / sizeof *numbers && (d = readdir(dir))) {
        char *end;
        long number = strtol(d->d_name, &end, 10);
        if (number > 0 && *end == '\0')
            numbers[n++] = number;
    }
    if (dir)
        closedir(dir);
    qsort(numbers, n, sizeof *numbers, compare_numbers); /* the newest first */
    memcpy(ids[kept++], id, SHA256_HEX);
    for (size_t i = 0; i < n; i++) {
        const char *path = arena_printf(a, "%s/%ld", folder, numbers[i]);
        struct err why = {0};
        bool inline_signed;
        time_t mtime;
        if (i >= KEPT_GENERATIONS)
            file_remove_tree(path, &why);
        else if (published_id(a, path, ids[kept], &inline_signed, &mtime, &why) == 0)
            kept++;
    }
    prune_records(a, place_records(a, p, suite), ids, kept);
}
