// SPDX-License-Identifier: Apache-2.0
#include "core/archive/publish.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/archive/keyring.h"
#include "core/archive/pool.h"
#include "core/archive/record.h"
#include "core/archive/signed.h"
#include "core/archive/trace.h"
#include "core/archive/tree.h"
#include "core/base/clock.h"
#include "core/base/file.h"

/* limits.files is about new files; what an index names altogether may be so many times that. */
#define NAMED_FACTOR 10

static const char *staged_tree(const struct run *r, const struct suite *s)
{
    return arena_printf(s->a, "%s/dists/%s", r->index_dir, s->name);
}

static void prepare_indexes(struct run *r, struct suite *s, struct indexes *x)
{
    *x = (struct indexes){.a = s->a,
                          .staged = staged_tree(r, s),
                          .published = place_suite(s->a, &r->place, s->name),
                          .keep_fds = r->keep_fds,
                          .deadline_ms = r->transfer.deadline_ms};
}

int publish_read_tree(struct run *r, struct suite *s, const char *folder,
                      const struct release *release, struct indexes *x, struct contents *out,
                      struct err *e)
{
    static const struct contents_rules any = {0};
    prepare_indexes(r, s, x);
    x->published = folder;
    /* what is unpacked of a tree that is published is no file of the one that comes */
    x->staged = arena_printf(s->a, "%s/read%s", r->index_dir, folder);
    if (indexes_plan(x, release, release, false, e) || indexes_open(x, e))
        return -1;
    return contents_read(s->a, x->texts, x->text_count, &any, out, e);
}

int publish_read_contents(struct run *r, struct suite *s, struct err *e)
{
    if (s->contents.files || s->contents.sources || !s->now.exists)
        return 0;
    indexes_close(&s->indexes);
    return publish_read_tree(r, s, place_suite(s->a, &r->place, s->name), &s->now.release,
                             &s->indexes, &s->contents, e);
}

int publish_read_suite(struct run *r, struct suite *s, struct err *e)
{
    const char *folder = place_suite(s->a, &r->place, s->name);
    if (published_read(s->a, &r->place, s->name, folder, &s->now, e) ||
        publish_read_contents(r, s, e))
        return err_context(e, "the published suite %s", s->name);
    return 0;
}

/* ---- disk and database, made the same ---- */

/* An earlier generation's folder that has the signed file of that hash; NULL: it is gone. */
static const char *find_earlier(struct run *r, struct suite *s, int generation, const char *id)
{
    struct err why = {0};
    char is[SHA256_HEX];
    bool inline_signed;
    time_t mtime;
    const char *folder =
        arena_printf(s->a, "%s/%d", place_generations(s->a, &r->place, s->name), generation);
    return published_id(s->a, folder, is, &inline_signed, &mtime, &why) == 0 && strcmp(is, id) == 0
               ? folder
               : NULL;
}

/* The disk has a generation that the database was not told of (a crash after the switch, a
 * database restored from an older copy): it is what is served, so it is recorded. */
static int tell_database(struct run *r, struct suite *s, const struct record_state *state,
                         struct err *e)
{
    struct published earlier = {0};
    struct indexes x = {0};
    const char *folder =
        state->generation ? find_earlier(r, s, state->generation, state->published_sha256) : NULL;
    int rc = -1;
    if (folder &&
        (published_read(s->a, &r->place, s->name, folder, &earlier, e) ||
         (earlier.exists && publish_read_tree(r, s, folder, &earlier.release, &x, &s->before, e))))
        goto out;
    if (publish_read_contents(r, s, e))
        goto out;
    r->reconcile = r->reconcile || !folder;
    run_note(r, "%s: generation %d was on the disk and not in the database: recorded", s->name,
             s->now.record.generation);
    struct record_generation g = {.id = s->now.id, .record = &s->now.record};
    s->release = s->now.release;
    rc = record_publish(r, s, &g, e);
out:
    indexes_close(&x);
    published_free(&earlier);
    memset(&s->before, 0, sizeof s->before);
    memset(&s->release, 0, sizeof s->release);
    return rc;
}

/* The newest kept generation: what users know of a suite whose published tree cannot be read. */
static void read_earlier(struct run *r, struct suite *s)
{
    const char *folder = place_generations(s->a, &r->place, s->name);
    long newest = 0;
    struct dirent *d;
    DIR *dir = opendir(folder);
    while (dir && (d = readdir(dir))) {
        char *end;
        struct published was;
        struct err why = {0};
        long number = strtol(d->d_name, &end, 10);
        if (number <= newest || *end ||
            published_read(s->a, &r->place, s->name, arena_printf(s->a, "%s/%s", folder, d->d_name),
                           &was, &why) ||
            !was.exists)
            continue;
        published_free(&s->earlier);
        s->earlier = was;
        newest = number;
    }
    if (dir)
        closedir(dir);
}

/* A tree that cannot be read is none: the next generation takes its place. */
static int read_published(struct run *r, struct suite *s, struct err *e)
{
    struct err why = {0};
    if (published_read(s->a, &r->place, s->name, place_suite(s->a, &r->place, s->name), &s->now,
                       &why)) {
        run_warn(r, "%s: %s", s->name, why.text);
        published_free(&s->now);
        memset(&s->now, 0, sizeof s->now);
    }
    if (!s->now.exists)
        read_earlier(r, s);
    return tree_repair(s->a, &r->place, s->name, &s->now, e);
}

int publish_compare(struct run *r, struct suite *s, struct err *e)
{
    struct record_state state;
    if (read_published(r, s, e) || record_read_state(r, s, &state, e))
        return -1;
    bool *same = &s->same;
    int on_disk = s->now.recorded ? s->now.record.generation : 0;
    *same = s->now.exists && s->now.recorded && strcmp(s->now.id, state.published_sha256) == 0;
    s->newest = on_disk > state.newest ? on_disk : state.newest;
    s->newest_date = state.newest_date;
    memcpy(s->newest_sha256, state.newest_sha256, SHA256_HEX);
    if (s->now.recorded && s->now.record.newest_host_date >= s->newest_date) {
        s->newest_date = s->now.record.newest_host_date;
        memcpy(s->newest_sha256, s->now.record.newest_host_sha256, SHA256_HEX);
    }
    if (!*same && s->now.recorded && on_disk > state.generation) {
        if (tell_database(r, s, &state, e))
            return -1;
        *same = true;
    } else if (!*same && state.generation) {
        r->reconcile = true;
        run_note(r,
                 "%s: the disk does not have generation %d, which the database has: published "
                 "anew",
                 s->name, state.generation);
    }
    return 0;
}

/* ---- may it be published ---- */

/* Whether the host's text is what is published already. */
static bool is_published(const struct run *r, const struct suite *s)
{
    return s->same && !r->recheck && strcmp(s->sha256, s->now.record.host_sha256) == 0 &&
           strcmp(r->signing_key, s->now.record.signing_key) == 0;
}

/* Neither older than what was taken from the host before, nor another text of the same Date. */
static int check_date(const struct suite *s, struct err *e)
{
    if (s->release.date < s->newest_date)
        return err_set(e, ERR_INPUT,
                       "the Date of the signed Release is older than what was published: a replay, "
                       "or a host that was set back (deb-status publish --accept-older %s)",
                       s->name);
    if (s->release.date == s->newest_date && strcmp(s->sha256, s->newest_sha256) != 0)
        return err_set(e, ERR_INPUT,
                       "the signed Release has the Date of what was published and other content");
    return 0;
}

/* ---- fetch, verify, publish ---- */

static int fetch_indexes(struct run *r, struct suite *s, struct err *e)
{
    struct indexes *x = &s->indexes;
    int64_t bytes, largest;
    indexes_close(x);
    prepare_indexes(r, s, x);
    x->unpacked_max = r->mirror->limit_bytes;
    const struct release *old = s->now.exists ? &s->now.release : NULL;
    if (indexes_plan(x, &s->release, old, r->recheck, e))
        return -1;
    const char **names = arena_alloc(s->a, (x->count + 1) * sizeof *names);
    size_t n = indexes_wanted(x, names, &bytes, &largest);
    for (size_t i = 0; i < n; i++)
        names[i] = arena_printf(s->a, "dists/%s/%s", s->name, names[i]);
    if (bytes > r->mirror->limit_bytes)
        return err_set(e, ERR_INPUT, "its indexes are larger than the mirror's limits.bytes");
    run_step(r, "indexes");
    if (r->mirror->from[0] != '/' && indexes_seed(x, e))
        return -1;
    struct transfer_step step = {.to = r->index_dir,
                                 .names = names,
                                 .count = n,
                                 .bytes = bytes,
                                 .file_max = largest,
                                 .anew = true};
    if (n && run_kill_strays(r, transfer_fetch(&r->transfer, &step, e), e))
        return -1;
    return indexes_verify(x, e);
}

static struct config_strings suites_of_others(const struct run *r, struct arena *a)
{
    struct config_strings out = {NULL, 0};
    size_t room = 0;
    for (size_t i = 0; i < r->config->mirror_count; i++)
        room += r->config->mirrors[i].suites.count;
    out.items = arena_alloc(a, (room + 1) * sizeof *out.items);
    for (size_t i = 0; i < r->config->mirror_count; i++) {
        const struct config_mirror *m = &r->config->mirrors[i];
        for (size_t k = 0; m != r->mirror && k < m->suites.count; k++)
            out.items[out.count++] = m->suites.items[k];
    }
    return out;
}

static int read_indexes(struct run *r, struct suite *s, struct err *e)
{
    const struct config_strings others = suites_of_others(r, s->a);
    const struct contents_rules rules = {.sources = &r->mirror->sources,
                                         .own = &r->mirror->suites,
                                         .others = &others,
                                         .files_max = NAMED_FACTOR * r->mirror->limit_files};
    struct indexes old = {0};
    run_step(r, "verify");
    if (indexes_open(&s->indexes, e) || indexes_check_begin(&s->indexes, e))
        return -1;
    memset(&s->contents, 0, sizeof s->contents);
    if (contents_read(s->a, s->indexes.texts, s->indexes.text_count, &rules, &s->contents, e))
        return -1;
    for (size_t i = 0; i < s->contents.essential_count; i++)
        run_warn(r, "%s: %s is marked Essential: apt installs it everywhere", s->name,
                 s->contents.essential[i]);
    if (!s->now.exists)
        return 0;
    struct err why = {0};
    if (publish_read_tree(r, s, place_suite(s->a, &r->place, s->name), &s->now.release, &old,
                          &s->before, &why)) {
        /* damaged: as if nothing had been published, so that what comes puts it right */
        run_warn(r, "the published %s cannot be read: %s", s->name, why.text);
        memset(&s->before, 0, sizeof s->before);
        r->reconcile = true;
    }
    indexes_close(&old);
    return 0;
}

struct switching {
    struct run *r;
    struct suite *s;
    struct tree tree;
    int (*also)(void *data, struct err *e);
    void *data;
};

static int make_switch(void *data, struct err *e)
{
    struct switching *w = data;
    if (w->also && w->also(w->data, e))
        return -1;
    return tree_switch(w->r, w->s, &w->tree, e);
}

int publish_tree(struct run *r, struct suite *s, int (*also)(void *data, struct err *e), void *data,
                 struct err *e)
{
    struct switching w = {.r = r, .s = s, .also = also, .data = data};
    struct err why = {0};
    bool over = s->missing_count && (r->mirror->replace || r->recheck);
    int rc = -1, lock = pool_lock(s->a, &r->place, over, POOL_LOCK_MS, e);
    if (lock < 0)
        return -1;
    run_step(r, "publish");
    if (pool_take_in(r, s, e) || keyring_publish(r, e) || tree_make(r, s, &w.tree, e))
        goto out;
    struct record_generation g = {.id = w.tree.id,
                                  .record = &w.tree.record,
                                  .bytes = r->transfer.bytes - s->bytes_before,
                                  .seconds = (double)(clock_monotonic_ms() - r->started_ms) / 1000,
                                  .before_commit = make_switch,
                                  .data = &w};
    rc = record_publish(r, s, &g, e);
    if (rc == 0) {
        run_note(r, "%s: generation %d published", s->name, w.tree.generation);
        tree_prune(s->a, &r->place, s->name, w.tree.id);
        if (trace_write(r, s->name, w.tree.generation, &why))
            run_warn(r, "writing the trace file: %s", why.text);
    }
out:
    close(lock);
    return rc;
}

struct dropping {
    struct run *r;
    const char *suite;
};

static int drop_hold(void *data, struct err *e)
{
    struct dropping *d = data;
    return record_drop_hold(d->r, d->suite, e);
}

/* drop: the suite's hold ends with it. */
static int fetch_and_publish(struct run *r, struct suite *s, bool drop, struct err *e)
{
    s->bytes_before = r->transfer.bytes;
    if (fetch_indexes(r, s, e))
        return -1;
    r->checked = &s->indexes;
    int rc = read_indexes(r, s, e) || pool_fetch(r, s, e) || indexes_check_end(&s->indexes, e);
    r->checked = NULL;
    if (run_kill_strays(r, rc, e))
        return -1;
    struct dropping d = {r, s->name};
    return publish_tree(r, s, drop ? drop_hold : NULL, &d, e);
}

/* Nothing to publish. */
static int leave(struct run *r, struct suite *s, struct err *e)
{
    bool lacks;
    if (record_lacks_lines(r, s, &lacks, e) || (lacks && publish_read_contents(r, s, e)))
        return -1;
    return record_unchanged(r, s, e);
}

int publish_suite(struct run *r, struct suite *s, struct err *e)
{
    struct record_hold hold;
    if (record_read_hold(r, s->name, &hold, e) || signed_verify(r, s, e))
        return -1;
    r->verified_suites++;
    if (hold.held && strcmp(hold.release_sha256, s->sha256) == 0) {
        run_note(r, "%s is held after a rollback until the host's Release changes", s->name);
        return leave(r, s, e);
    }
    if (is_published(r, s))
        return leave(r, s, e);
    if (!hold.accept_older && check_date(s, e))
        return -1;
    s->newest_date = s->release.date;
    memcpy(s->newest_sha256, s->sha256, SHA256_HEX);
    return fetch_and_publish(r, s, hold.held || hold.accept_older, e);
}

void publish_end_suite(struct suite *s)
{
    indexes_close(&s->indexes);
    buf_free(&s->text);
    published_free(&s->now);
    published_free(&s->earlier);
}
