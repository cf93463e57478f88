// SPDX-License-Identifier: Apache-2.0
#include "core/archive/rollback.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/archive/lock.h"
#include "core/archive/mirror.h"
#include "core/archive/pool.h"
#include "core/archive/publish.h"
#include "core/base/clock.h"
#include "gen/queries.h"

#define READ_TIME_S 600

struct rollback {
    struct run *r;
    struct suite *s;
    const char *folder; /* of the earlier generation */
    struct published was;
};

/* The newest generation on the disk with another content, from before the published one's. */
static int find_earlier(struct rollback *b, struct err *e)
{
    struct run *r = b->r;
    struct suite *s = b->s;
    const char *folder = place_generations(s->a, &r->place, s->name);
    int now = s->now.record.content_of, best = 0;
    struct dirent *d;
    DIR *dir = opendir(folder);
    while (dir && (d = readdir(dir))) {
        const char *path = arena_printf(s->a, "%s/%s", folder, d->d_name);
        struct published was = {0};
        struct err why = {0};
        if (strtol(d->d_name, NULL, 10) > 0 &&
            published_read(s->a, &r->place, s->name, path, &was, &why) == 0 && was.recorded &&
            was.record.content_of < now && was.record.content_of > best &&
            strcmp(was.record.host_sha256, s->now.record.host_sha256) != 0) {
            published_free(&b->was);
            b->was = was;
            b->folder = path;
            best = was.record.content_of;
        } else {
            published_free(&was);
        }
    }
    if (dir)
        closedir(dir);
    return best ? 0 : err_set(e, ERR_INPUT, "%s has no earlier generation to go back to", s->name);
}

/* What only the earlier generation names may be gone: the grace time is over. */
static int check_file(void *data, const struct contents_file *f, const struct contents_file *old,
                      struct err *e)
{
    enum pool_state state;
    (void)old;
    if (pool_look(*(int *)data, f, &state, e))
        return -1;
    return state == POOL_GOOD
               ? 0
               : err_set(e, ERR_INPUT,
                         "%s is not in the pool any more, or another one by now: that generation "
                         "cannot be published again",
                         f->path);
}

static int read_contents(struct rollback *b, struct err *e)
{
    struct run *r = b->r;
    struct suite *s = b->s;
    int root = -1, rc = -1;
    if (publish_read_contents(r, s, e))
        return -1;
    s->before = s->contents;
    memset(&s->contents, 0, sizeof s->contents);
    indexes_close(&s->indexes);
    if (publish_read_tree(r, s, b->folder, &b->was.release, &s->indexes, &s->contents, e))
        return -1;
    root = open(r->place.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return err_errno(e, "opening the archive");
    rc = contents_compare(&s->before, &s->contents, check_file, NULL, &root, e);
    close(root);
    return rc;
}

static int hold(void *data, struct err *e)
{
    struct suite *s = ((struct rollback *)data)->s;
    const char *reason =
        arena_printf(s->a, "rolled back to the content of generation %d", s->content_of);
    return db_call(((struct rollback *)data)->r->db, &query_publish_hold_suite, NULL, e, s->name,
                   s->newest_sha256, reason);
}

static int publish_earlier(struct rollback *b, struct rollback_done *done, struct err *e)
{
    struct run *r = b->r;
    struct suite *s = b->s;
    const struct published_record *record = &b->was.record;
    s->release = b->was.release;
    s->release.date = record->host_date;
    memcpy(s->sha256, record->host_sha256, SHA256_HEX);
    s->rolled_back_to = record->content_of;
    s->content_of = record->content_of;
    done->content_of = record->content_of;
    done->generation = s->newest + 1;
    return publish_tree(r, s, hold, b, e);
}

static int prepare(struct run *r, struct err *e)
{
    if (!r->config->publish_sign_with || !*r->config->publish_sign_with)
        return err_set(
            e, ERR_INPUT,
            "without publish.sign-with nothing can be rolled back: apt ignores a Release "
            "with an older Date");
    if (mirror_take_place(r, 0, e))
        return -1;
    r->transfer.deadline_ms = r->started_ms + READ_TIME_S * 1000;
    r->signer = signer_start(r->config, r->mirror, &r->place, e);
    return r->signer ? signer_key_id(r->signer, r->signing_key, e) : -1;
}

int rollback_suite(struct run *r, const char *suite, struct rollback_done *done, struct err *e)
{
    struct arena own = ARENA_INIT;
    struct suite s = {.a = &own, .name = suite};
    struct rollback b = {.r = r, .s = &s};
    int rc = -1;
    r->lock_fd = -1;
    if (prepare(r, e) || publish_compare(r, &s, e))
        goto out;
    if (!s.now.recorded) {
        err_set(e, ERR_INPUT, "%s is not published", suite);
        goto out;
    }
    rc = find_earlier(&b, e) || read_contents(&b, e) || publish_earlier(&b, done, e) ? -1 : 0;
out:
    signer_stop(r->signer);
    publish_end_suite(&s);
    published_free(&b.was);
    if (r->lock_fd >= 0)
        close(r->lock_fd);
    arena_free(&own);
    return rc;
}
