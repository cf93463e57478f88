// SPDX-License-Identifier: Apache-2.0
/* check: public keys that signatures are verified with, and the archive's own secret key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/admin/check.h"
#include "core/archive/keyexpiry.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/proc.h"

#define SOON_S (30 * 86400)
#define GPG_MS 20000

/* gpg with a home of its own, which is gone afterwards. */
static int run_gpg(const char *file, const char *what, struct buf *out, struct err *e)
{
    char home[] = "/tmp/deb-status-check.XXXXXX";
    if (!mkdtemp(home))
        return err_errno(e, "make a folder in /tmp");
    const char *argv[] = {"gpg",           "--homedir", home, "--batch", "--no-options",
                          "--with-colons", what,        "--", file,      NULL};
    struct proc_spec spec = {.argv = argv, .deadline_ms = GPG_MS};
    struct proc_result r = {0};
    int rc = proc_run_ok(&spec, &r, e);
    if (rc == 0)
        buf_add(out, r.out.data, r.out.len);
    proc_result_free(&r);
    file_remove_tree(home, NULL);
    return rc;
}

static int read_keys(const char *file, struct keyexpiry_list *k, struct err *e)
{
    struct buf out = BUF_INIT;
    int rc = run_gpg(file, "--show-keys", &out, e);
    keyexpiry_read_lines(buf_str(&out), time(NULL), k);
    buf_free(&out);
    return rc;
}

static void check_expiry(struct check *c, const char *what, const char *file,
                         const struct keyexpiry_list *k)
{
    char until[CLOCK_ISO_SIZE];
    if (k->keys == 0) {
        check_error(c, "Put the host's public key there (gpg --export).",
                    "%s: no key that signs is in %s", what, file);
    } else if (k->revoked + k->expired == k->keys) {
        check_error(c, "Get the key anew from who has it: gpg --export, with a later expiry.",
                    "%s: every key in %s is %s", what, file,
                    k->expired ? (k->revoked ? "expired or revoked" : "expired") : "revoked");
    } else if (k->last < time(NULL) + SOON_S) {
        clock_format_iso((time_t)k->last, until);
        check_note(c, "Have it prolonged, and put the new export there before.",
                   "%s: key %s in %s expires %s", what, k->last_id, file, until);
    }
}

/* A file of public keys. */
static void check_public(struct check *c, const char *what, const char *file)
{
    struct keyexpiry_list k;
    struct err e = {0};
    struct stat st;
    const char *worker = check_worker_user(c);
    if (check_is_closed(c, file))
        return;
    if (stat(file, &st) != 0) {
        check_error(c, "Put the public key there, or correct the path.", "%s: %s: %m", what, file);
        return;
    }
    if (!check_can(worker, file, CHECK_READ)) {
        check_error(c, "chmod a+r the file, a+x the folders above it.",
                    "%s: the worker's user %s cannot read %s", what, worker, file);
        return;
    }
    if (st.st_mode & S_IWOTH)
        check_error(c, "chmod o-w.", "%s: everyone can change %s", what, file);
    if (read_keys(file, &k, &e)) {
        check_error(c, "It has to be a public key, binary or armoured (gpg --export).",
                    "%s: %s cannot be read as a key: %s", what, file, e.detail);
        return;
    }
    check_expiry(c, what, file, &k);
}

/* Files named several times are looked at once. */
struct seen {
    const char **files;
    size_t count;
};

static bool is_new(struct seen *seen, const char *file)
{
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->files[i], file) == 0)
            return false;
    seen->files[seen->count++] = file;
    return true;
}

static void check_lines(struct check *c, struct seen *seen)
{
    const struct config *config = c->config;
    for (size_t s = 0; s < config->series_count; s++)
        for (size_t t = 0; t < config->series[s].target_count; t++)
            for (size_t i = 0; i < config->series[s].targets[t].suite_count; i++) {
                const struct config_suite *line = &config->series[s].targets[t].suites[i];
                bool own = config->publish_url && strcmp(line->uri, config->publish_url) == 0;
                const char *file = line->signed_by ? line->signed_by : config->archives_keyring;
                if (!own && is_new(seen, file))
                    check_public(c,
                                 line->signed_by ? arena_printf(&c->arena, "%s:%d: signed-by",
                                                                line->where.file, line->where.line)
                                                 : "archives.keyring",
                                 file);
            }
}

static void check_mirrors(struct check *c)
{
    for (size_t i = 0; i < c->config->mirror_count; i++) {
        const struct config_mirror *m = &c->config->mirrors[i];
        const char *what = arena_printf(&c->arena, "mirror %s", m->name);
        if (m->frozen)
            continue;
        if (m->signed_by)
            check_public(c, what, m->signed_by);
        const char *files[] = {m->ssh_key, m->ssh_known_hosts};
        for (size_t k = 0; k < 2; k++)
            if (files[k] && !(access(files[k], F_OK) == 0 &&
                              check_can(check_worker_user(c), files[k], CHECK_READ)))
                check_error(c,
                            "ssh-keygen makes the one, ssh-keyscan the other; the worker's "
                            "user has to read both.",
                            "mirror %s: %s cannot be read", m->name, files[k]);
    }
}

/* ---- publish.sign-with ---- */

static void check_unprotected(struct check *c, const char *file)
{
    struct buf out = BUF_INIT;
    if (run_gpg(file, "--list-packets", &out, NULL) == 0 && strstr(buf_str(&out), "S2K"))
        check_error(c,
                    "Export it without passphrase (gpg --export-secret-keys from a key without "
                    "one), mode 0600.",
                    "publish.sign-with: the secret key in %s is protected by a passphrase", file);
    buf_free(&out);
}

static void check_signing(struct check *c, const char *file)
{
    struct keyexpiry_list k;
    struct err e = {0};
    struct stat st;
    const char *worker = check_worker_user(c), *web = c->has_apache ? c->apache.user : NULL;
    if (check_is_closed(c, file))
        return;
    if (stat(file, &st) != 0) {
        check_error(c,
                    "gpg --export-secret-keys of one key without passphrase, mode 0600, owned "
                    "by the worker's user.",
                    "publish.sign-with: %s: %m", file);
        return;
    }
    if (st.st_mode & (S_IRWXO | S_IWGRP))
        check_error(c, "chmod 0600.", "publish.sign-with: others can read or change %s", file);
    else if (web && worker && check_can(web, file, CHECK_READ))
        check_error(c, "chmod 0600, chown deb-status.",
                    "publish.sign-with: Apache's user %s can read %s", web, file);
    if (!check_can(worker, file, CHECK_READ))
        check_error(c, arena_printf(&c->arena, "chown %s.", worker),
                    "publish.sign-with: the worker's user %s cannot read %s", worker, file);
    if (read_keys(file, &k, &e)) {
        check_error(c, "gpg --export-secret-keys of one key without passphrase.",
                    "publish.sign-with: %s cannot be read as a key: %s", file, e.detail);
        return;
    }
    if (k.secret == 0)
        check_error(c, "gpg --export-secret-keys, not --export.",
                    "publish.sign-with: no secret key is in %s", file);
    check_expiry(c, "publish.sign-with", file, &k);
    check_unprotected(c, file);
}

static void check_without_signature(struct check *c)
{
    bool active = false;
    for (size_t i = 0; i < c->config->mirror_count; i++)
        active |= !c->config->mirrors[i].frozen;
    if (active)
        check_note(c,
                   "Set publish.sign-with to a file with one unprotected secret key, and tell "
                   "the users its public half.",
                   "without publish.sign-with the hosts' own signed files are published: the "
                   "switch is atomic on disk, but a client that updates just then may see one "
                   "hash mismatch and succeed on its next try, and each host's key is trusted");
}

static bool has_gpg(void)
{
    const char *const argv[] = {"gpg", "--version", NULL};
    struct proc_spec spec = {.argv = argv, .deadline_ms = GPG_MS};
    struct proc_result r = {0};
    bool has = proc_run(&spec, &r, NULL) == 0 && r.exit_code == 0;
    proc_result_free(&r);
    return has;
}

void check_keys(struct check *c)
{
    size_t lines = 0;
    for (size_t s = 0; s < c->config->series_count; s++)
        for (size_t t = 0; t < c->config->series[s].target_count; t++)
            lines += c->config->series[s].targets[t].suite_count;
    struct seen seen = {arena_alloc(&c->arena, (lines + 1) * sizeof(char *)), 0};
    if (!has_gpg()) {
        check_note(c, "apt install gpg, and call check again.",
                   "gpg is not installed: no key was looked at");
        return;
    }
    check_lines(c, &seen);
    check_mirrors(c);
    if (c->config->publish_sign_with)
        check_signing(c, c->config->publish_sign_with);
    else
        check_without_signature(c);
}
