// SPDX-License-Identifier: Apache-2.0
#include "core/archive/signed.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/file.h"

#define FUTURE_S      10  /* apt's Acquire::Max-FutureTime */
#define FUTURE_SOON_S 600 /* a clock that is a little ahead: worth another try */
#define SIGNED_FILES  3

static const char *const names[SIGNED_FILES] = {"InRelease", "Release", "Release.gpg"};

int signed_fetch(struct run *r, struct err *e)
{
    const struct config_strings *suites = &r->mirror->suites;
    const char **wanted = arena_alloc(r->a, SIGNED_FILES * suites->count * sizeof *wanted);
    size_t n = 0;
    for (size_t i = 0; i < suites->count; i++)
        for (int k = 0; k < SIGNED_FILES; k++)
            wanted[n++] = arena_printf(r->a, "dists/%s/%s", suites->items[i], names[k]);
    /* nothing of an earlier try but pool files: what is missing now must be missing */
    if (file_remove_tree(r->signed_dir, e) || file_remove_tree(r->index_dir, e) ||
        file_make_dirs(r->signed_dir, 0755, e) || file_make_dirs(r->index_dir, 0755, e))
        return -1;
    run_step(r, "fetch");
    struct transfer_step step = {.to = r->signed_dir,
                                 .names = wanted,
                                 .count = n,
                                 .file_max = RELEASE_BYTES_MAX,
                                 .anew = true};
    int rc = transfer_fetch(&r->transfer, &step, e);
    r->reached = rc == 0;
    return run_kill_strays(r, rc, e);
}

/* Reads a signed file that must be a plain file; *has: it is there. */
static int read_signed(struct run *r, struct suite *s, const char *name, bool *has, struct buf *out,
                       struct err *e)
{
    const char *path = arena_printf(s->a, "dists/%s/%s", s->name, name);
    int dir = open(r->signed_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd = dir < 0 ? -1 : place_open_beneath(dir, path);
    if (dir >= 0)
        close(dir);
    *has = fd >= 0;
    if (fd < 0)
        return 0;
    close(fd);
    return file_read(arena_printf(s->a, "%s/%s", r->signed_dir, path), RELEASE_BYTES_MAX, out, e);
}

/* Release beside InRelease, or alone. The three files are not read in one moment: if they do not
 * fit each other, they may do so the next time. */
static int check_release(struct run *r, struct suite *s, const char *folder, struct buf *text,
                         struct err *e)
{
    if (!s->has_detached && !s->has_inline)
        return err_set(e, ERR_NOT_READY, "Release has no Release.gpg: it is being rebuilt");
    if (s->has_detached &&
        gpg_verify_detached(&r->verifier, arena_printf(s->a, "%s/Release.gpg", folder),
                            arena_printf(s->a, "%s/Release", folder), e)) {
        if (s->has_inline && e->code == ERR_INPUT)
            e->code = ERR_NOT_READY;
        return err_context(e, "Release.gpg");
    }
    if (!s->has_inline)
        buf_add(&s->text, buf_str(text), text->len);
    else if (!gpg_same_text(buf_str(&s->text), s->text.len, buf_str(text), text->len))
        return err_set(e, ERR_NOT_READY,
                       "InRelease and Release do not tell the same: it is being rebuilt, or a "
                       "rebuild failed");
    return 0;
}

static int check_text(struct suite *s, struct err *e)
{
    time_t now = time(NULL);
    if (release_parse(s->a, buf_str(&s->text), s->text.len, &s->release, e))
        return err_context(e, "the signed Release");
    if (!release_is_suite(&s->release, s->name))
        return err_set(e, ERR_INPUT, "the signed Release is of another suite (%.100s)",
                       s->release.suite      ? s->release.suite
                       : s->release.codename ? s->release.codename
                                             : "none");
    if (s->release.date > now + FUTURE_S)
        return err_set(e, s->release.date > now + FUTURE_SOON_S ? ERR_INPUT : ERR_NOT_READY,
                       "the Date of the signed Release is in the future");
    if (s->release.valid_until && s->release.valid_until < now)
        return err_set(e, ERR_INPUT, "the signed Release has expired (Valid-Until)");
    return 0;
}

int signed_verify(struct run *r, struct suite *s, struct err *e)
{
    const char *folder = arena_printf(s->a, "%s/dists/%s", r->signed_dir, s->name);
    struct buf inline_text = BUF_INIT, release = BUF_INIT, detached = BUF_INIT;
    int rc = -1;
    if (read_signed(r, s, "InRelease", &s->has_inline, &inline_text, e) ||
        read_signed(r, s, "Release", &s->has_release, &release, e) ||
        read_signed(r, s, "Release.gpg", &s->has_detached, &detached, e))
        goto out;
    if (!s->has_inline && !s->has_release) {
        err_set(e, ERR_NOT_READY, "the host has neither InRelease nor Release of this suite");
        err_detail(e, buf_str(&r->transfer.said), (long)r->transfer.said.len);
        goto out;
    }
    if (s->has_inline &&
        gpg_verify_inline(&r->verifier, arena_printf(s->a, "%s/InRelease", folder), &s->text, e)) {
        err_context(e, "InRelease");
        goto out;
    }
    if (s->has_release && check_release(r, s, folder, &release, e))
        goto out;
    hash_text(buf_str(&s->text), s->text.len, s->sha256);
    rc = check_text(s, e);
out:
    buf_free(&inline_text);
    buf_free(&release);
    buf_free(&detached);
    return rc;
}
