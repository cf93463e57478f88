// SPDX-License-Identifier: Apache-2.0
#include "core/archive/mirror.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/archive/announced.h"
#include "core/archive/collect.h"
#include "core/archive/keyexpiry.h"
#include "core/archive/lock.h"
#include "core/archive/publish.h"
#include "core/archive/record.h"
#include "core/archive/signed.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/sandbox.h"
#include "gen/queries.h"

static void cut_out(char *text, const char *what)
{
    size_t len = strlen(what);
    for (char *at; len && (at = strstr(text, what));)
        memmove(at, at + len, strlen(at + len) + 1);
}

/* Fit for a public page: without this machine's paths, and a full disk in plain words. The text as
 * it was goes to the detail. */
static void tidy(const struct run *r, struct err *e)
{
    struct err was = *e;
    if (strstr(e->text, "No space left on device") || strstr(e->text, "Disk quota exceeded"))
        err_set(e, ERR_SYSTEM, "the archive's disk is full: what was published is served on");
    cut_out(e->text, arena_printf(r->a, "%s/", r->place.root));
    cut_out(e->text, arena_printf(r->a, "%s/", r->place.work));
    cut_out(e->text, arena_printf(r->a, "%s/", r->config->folder));
    if (strcmp(e->text, was.text) != 0) {
        const char *both = arena_printf(r->a, "%s\n%s", was.text, was.detail);
        err_detail(e, both, -1);
    }
}

/* ---- the run's place and rights ---- */

int mirror_take_place(struct run *r, int64_t token, struct err *e)
{
    r->place = place_of(r->a, r->config->publish_root);
    r->staging = place_staging(r->a, &r->place, r->mirror->name);
    r->signed_dir = arena_printf(r->a, "%s/signed", r->staging);
    r->index_dir = arena_printf(r->a, "%s/indexes", r->staging);
    r->pool_dir = arena_printf(r->a, "%s/files", r->staging);
    r->started_ms = clock_monotonic_ms();
    umask(022); /* what is made here is served */
    if (place_prepare(r->a, &r->place, e))
        return -1;
    r->lock_fd = lock_take(place_lock(r->a, &r->place, r->mirror->name), token, LOCK_TAKE_MS, e);
    if (r->lock_fd < 0)
        return -1;
    r->keep_fds[0] = r->lock_fd;
    r->keep_fds[1] = -1;
    lock_adopt_strays();
    return 0;
}

/* From here on the process can write the archive and its staging, and read what a transfer needs:
 * no other key, no secret, no configuration. */
static int confine(const struct run *r, struct err *e)
{
    const struct config_mirror *m = r->mirror;
    struct sandbox sandbox;
    const char *readable[] = {"/proc", m->signed_by, NULL, NULL, NULL, NULL};
    const char *writable[] = {r->place.root,
                              arena_printf(r->a, "%s/locks", r->place.work),
                              arena_printf(r->a, "%s/staging", r->place.work),
                              arena_printf(r->a, "%s/generations", r->place.work),
                              arena_printf(r->a, "%s/records", r->place.work),
                              arena_printf(r->a, "%s/recheck", r->place.work),
                              NULL};
    const struct sandbox_rules rules = {.readable = readable, .writable = writable};
    int n = 2;
    if (m->from[0] == '/')
        readable[n++] = m->from;
    if (m->ssh_key)
        readable[n++] = m->ssh_key;
    if (m->ssh_known_hosts)
        readable[n++] = m->ssh_known_hosts;
    if (sandbox_open(&sandbox, &rules, e))
        return -1;
    int rc = sandbox_enter(&sandbox) ? err_errno(e, "giving rights away") : 0;
    sandbox_close(&sandbox);
    return rc;
}

static int prepare(struct run *r, struct err *e)
{
    const struct config_mirror *m = r->mirror;
    const char *keyring = arena_printf(r->a, "%s/gpg/key.gpg", r->staging);
    if (r->config->publish_sign_with && *r->config->publish_sign_with) {
        r->signer = signer_start(r->config, m, &r->place, e);
        if (!r->signer || signer_key_id(r->signer, r->signing_key, e))
            return -1;
    }
    if (confine(r, e) || file_make_dirs(r->pool_dir, 0755, e) ||
        file_make_dirs(arena_printf(r->a, "%s/gpg", r->staging), 0755, e) ||
        gpg_write_keyring(m->signed_by, keyring, e))
        return -1;
    r->transfer = (struct transfer){.mirror = m,
                                    .staging = r->staging,
                                    .keep_fds = r->keep_fds,
                                    .deadline_ms = r->started_ms + m->limit_time_s * 1000,
                                    .watch = r->watch};
    r->verifier = (struct gpg_verifier){.keyring = keyring,
                                        .folder = arena_printf(r->a, "%s/gpg", r->staging),
                                        .keep_fds = r->keep_fds};
    r->recheck = file_exists(place_recheck(r->a, &r->place, m->name));
    r->reconcile = file_exists(place_taken(r->a, &r->place, m->name));
    return 0;
}

/* ---- suites ---- */

static bool ends_run(const struct err *e)
{
    return e->code == ERR_CANCELLED || e->code == ERR_DATABASE;
}

/* Several suites may fail, each for its own reason; one that may come right decides the code. */
static void add_failure(struct err *all, const struct err *one)
{
    struct err sum = *one;
    if (all->code == ERR_NONE) {
        *all = sum;
        return;
    }
    char text[sizeof all->text];
    snprintf(text, sizeof text, "%.500s; %.500s", all->text, one->text);
    if (err_is_transient(all))
        sum.code = all->code;
    snprintf(sum.text, sizeof sum.text, "%s", text);
    if (!*sum.detail)
        memcpy(sum.detail, all->detail, sizeof sum.detail);
    *all = sum;
}

static int one_suite(struct run *r, struct suite *s, struct err *failed, struct err *e)
{
    struct err why = {0};
    if (publish_suite(r, s, &why) == 0)
        return 0;
    if (ends_run(&why)) {
        *e = why;
        return -1;
    }
    tidy(r, &why);
    err_context(&why, "%s", s->name);
    run_warn(r, "%s", why.text);
    if (record_suite_failed(r, s->name, why.text, e))
        return -1;
    add_failure(failed, &why);
    return 0;
}

/* Announcements that no changed suite has answered: those that did not change may have it. */
static int judge_rest(struct run *r, struct suite *suites, size_t count, struct err *failed,
                      struct err *e)
{
    int left = announced_left(r, e);
    if (left <= 0)
        return left;
    for (size_t i = 0; i < count; i++) {
        struct err why = {0};
        if (publish_read_contents(r, &suites[i], &why) == 0) {
            if (announced_judge(r, &suites[i], e))
                return -1;
        } else if (failed->code == ERR_NONE) {
            add_failure(failed, &why);
        }
    }
    struct err why = {0};
    if (announced_report(r, suites, count, &why)) {
        if (ends_run(&why)) {
            *e = why;
            return -1;
        }
        if (failed->code == ERR_NONE)
            add_failure(failed, &why);
    }
    return 0;
}

static int all_suites(struct run *r, struct suite *suites, size_t count, struct err *failed,
                      struct err *e)
{
    for (size_t i = 0; i < count; i++)
        if (publish_compare(r, &suites[i], e))
            return -1;
    if (signed_fetch(r, failed))
        return 0;
    for (size_t i = 0; i < count; i++)
        if (one_suite(r, &suites[i], failed, e))
            return -1;
    return judge_rest(r, suites, count, failed, e);
}

/* What is left of the staging: nothing after a good run; after a failed one what was fetched, so
 * that the next goes on from there. */
static void clean(struct run *r, bool good)
{
    struct err why = {0};
    if (good && file_remove_tree(r->staging, &why))
        run_warn(r, "cleaning the staging: %s", why.text);
    if (good && r->recheck)
        unlink(place_recheck(r->a, &r->place, r->mirror->name));
}

static int go(struct run *r, struct arena *own, struct err *failed, struct err *e)
{
    size_t count = r->mirror->suites.count;
    struct suite *suites = arena_alloc(r->a, count * sizeof *suites);
    for (size_t i = 0; i < count; i++)
        suites[i] = (struct suite){.a = own, .name = r->mirror->suites.items[i]};
    int rc = all_suites(r, suites, count, failed, e);
    for (size_t i = 0; i < count; i++)
        publish_end_suite(&suites[i]);
    return rc;
}

/* Pages warn before the key ends. Whether that can be told decides nothing. */
static void note_key(struct run *r)
{
    struct err why = {.code = ERR_NONE};
    time_t expires;
    if (keyexpiry_read(r->verifier.keyring, r->verifier.folder, r->keep_fds, &expires, &why) == 0) {
        const char *text = arena_printf(r->a, "%" PRId64, (int64_t)expires);
        db_call(r->db, &query_mirror_key, NULL, &why, r->mirror->name, text);
    }
    if (why.code != ERR_NONE && r->watch)
        r->watch->raw(r->watch->data,
                      arena_printf(r->a, "when the key ends: %s %s", why.text, why.detail));
}

/* What fails here is done by the next run, which looks at every file. */
static int reconcile(struct run *r, struct err *e)
{
    struct err why = {0};
    if (collect_reconcile(r, e) == 0)
        return 0;
    file_write(place_recheck(r->a, &r->place, r->mirror->name), "", 0, 0644, &why);
    return -1;
}

int mirror_run(struct run *r, int64_t token, bool sweep, struct err *e)
{
    struct arena own = ARENA_INIT;
    struct err failed = {0};
    int rc = -1;
    r->lock_fd = -1;
    if (mirror_take_place(r, token, e))
        return -1;
    if (prepare(r, e) || go(r, &own, &failed, e))
        goto out;
    if (run_kill_strays(r, 0, e))
        goto out;
    bool verified = r->verified_suites == r->mirror->suites.count;
    if (record_mirror(r, verified, failed.code ? failed.text : NULL, e))
        goto out;
    if (verified)
        note_key(r);
    if (failed.code == ERR_NONE &&
        ((r->reconcile || r->recheck ? reconcile(r, e) : 0) || collect(r, e)))
        goto out;
    clean(r, failed.code == ERR_NONE);
    rc = 0;
    if (failed.code && sweep && !r->reached) {
        run_warn(r, "%s", failed.text);
    } else if (failed.code) {
        *e = failed;
        rc = -1;
    }
out:
    if (rc)
        tidy(r, e);
    signer_stop(r->signer);
    lock_kill_strays(NULL, 0);
    close(r->lock_fd);
    arena_free(&own);
    buf_free(&r->transfer.said);
    return rc;
}
