// SPDX-License-Identifier: Apache-2.0
/* check: the senders' secrets. Contents are compared and never printed. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include "core/admin/check.h"
#include "core/base/clock.h"
#include "gen/queries.h"

#define KEY_MOST 64 /* bytes: what deb-status-notify can sign with */

struct known { /* a secret that was read */
    const char *sender;
    struct buf text;
};

struct secrets {
    struct check *c;
    struct known *items;
    size_t count;
    struct db_result *used; /* NULL: not known */
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* How many bytes the hook signs with; -1: it does not take the text. */
static long key_length(const char *text)
{
    size_t size = 3 * strlen(text) / 4 + 3;
    unsigned char *out = malloc(size);
    if (!out)
        abort();
    long n = config_decode_secret(text, out);
    OPENSSL_cleanse(out, size);
    free(out);
    return n;
}

static void check_strength(struct check *c, const struct config_sender *s, const char *file,
                           const char *text)
{
    const char *mend =
        arena_printf(&c->arena, "`deb-status secret %s --rotate` makes a good one.", s->name);
    if (s->profile == PROFILE_STANDARD) {
        long n = key_length(text);
        if (n < 0)
            check_error(c, mend,
                        "sender %s: %s is not the base64 of %d bytes or more: the hook "
                        "does not take it",
                        s->name, file, CONFIG_SECRET_LEAST);
        else if (n > KEY_MOST)
            check_note(c, mend,
                       "sender %s: %s has more than %d bytes: deb-status-notify cannot "
                       "sign with it",
                       s->name, file, KEY_MOST);
    } else if (strlen(text) < CONFIG_SECRET_LEAST) {
        check_note(c, "Make a longer one on both sides.", "sender %s: %s is short enough to guess",
                   s->name, file);
    }
}

/* Uses are noted under the file's name: one from before it was written is of the secret that was
 * there before (`secret --rotate`). */
static void check_usage(struct secrets *all, const struct config_sender *s, const char *file,
                        time_t written)
{
    struct check *c = all->c;
    const char *last = NULL, *newest = NULL;
    char since[CLOCK_ISO_SIZE];
    clock_format_iso(written, since);
    for (int i = 0; all->used && i < db_result_rows(all->used); i++) {
        if (strcmp(db_value(all->used, i, "sender"), s->name) != 0)
            continue;
        const char *when = db_value(all->used, i, "last");
        if (strcmp(db_value(all->used, i, "secret"), base_name(file)) == 0) {
            if (strcmp(when, since) < 0)
                continue;
            last = when;
        }
        if (!newest || strcmp(when, newest) > 0)
            newest = when;
    }
    if (!all->used || (last && last == newest))
        return;
    if (!newest)
        check_note(c,
                   "Copy it to the sender's host (deb-status-notify --secret FILE), or remove "
                   "the sender.",
                   "sender %s: no delivery was ever signed with %s", s->name, base_name(file));
    else if (!last)
        check_note(c,
                   "Is it the new one, give it to the host; is it an old one, take it off "
                   "`secrets` and remove the file.",
                   "sender %s: no delivery was ever signed with %s, with another %s", s->name,
                   base_name(file), newest);
    else
        check_note(c,
                   "Where all its hosts have the new one: take it off `secrets` and remove the "
                   "file.",
                   "sender %s: %s signed last %s, another %s", s->name, base_name(file), last,
                   newest);
}

static void check_twin(struct secrets *all, const struct known *k)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct known *o = &all->items[i];
        if (o->text.len == k->text.len && strcmp(o->sender, k->sender) != 0 &&
            CRYPTO_memcmp(o->text.data, k->text.data, k->text.len) == 0)
            check_error(all->c,
                        "Each sender has a secret of its own: who can sign as the one can "
                        "sign as the other.",
                        "senders %s and %s have the same secret", o->sender, k->sender);
    }
}

static void check_file(struct secrets *all, const struct config_sender *s, const char *file)
{
    struct check *c = all->c;
    struct known k = {s->name, BUF_INIT};
    struct err e = {0};
    struct stat st;
    const char *hook = check_hook_user(c);
    if (check_is_closed(c, file))
        return;
    if (config_read_secret(file, &k.text, &e)) {
        check_error(c,
                    stat(file, &st) == 0
                        ? "Mode 0640, and the hook's group."
                        : arena_printf(&c->arena, "`deb-status secret %s` makes one.", s->name),
                    "sender %s: %s", s->name, e.text);
        buf_free(&k.text);
        return;
    }
    check_strength(c, s, file, buf_str(&k.text));
    if (!check_can(hook, file, CHECK_READ))
        check_error(c,
                    arena_printf(&c->arena,
                                 "chgrp %s %s, chmod 0640; its folder 0750, the same "
                                 "group.",
                                 hook, file),
                    "sender %s: the hook's user %s cannot read %s", s->name, hook, file);
    if (stat(file, &st) == 0)
        check_usage(all, s, file, st.st_mtime);
    check_twin(all, &k);
    all->items[all->count++] = k;
}

static void check_sender(struct check *c, const struct config_sender *s)
{
    const char *where = arena_printf(&c->arena, "%s:%d", s->where.file, s->where.line);
    bool may = s->releases || s->projects.count > 0;
    if (s->profile == PROFILE_HMAC)
        check_note(c, "Move its host to deb-status-notify (profile standard).",
                   "sender %s (%s) is still on profile hmac: its requests can be replayed within "
                   "a minute's window",
                   s->name, where);
    for (size_t i = 0; i < s->mirrors.count; i++) {
        if (config_mirror_find(c->config, s->mirrors.items[i]))
            may = true;
        else if (strcmp(s->mirrors.items[i], s->name) != 0 || (!may && s->mirrors.count == 1))
            check_note(c,
                       "Name one under `mirrors`, or set what it may do: mirrors, releases, "
                       "projects.",
                       "sender %s (%s) may announce mirror %s, which is not configured", s->name,
                       where, s->mirrors.items[i]);
    }
    if (!may && s->mirrors.count == 0)
        check_note(c, "Set what it may do: mirrors, releases, projects; or remove it.",
                   "sender %s (%s) may do nothing", s->name, where);
}

/* Files in secrets/ that no sender names. */
static void check_strays(struct secrets *all)
{
    struct check *c = all->c;
    const char *folder = arena_printf(&c->arena, "%s/secrets", c->config->folder);
    DIR *dir = opendir(folder);
    struct stat st;
    if (!dir)
        return;
    if (fstat(dirfd(dir), &st) == 0 && (st.st_mode & (S_IWOTH | S_IWGRP)))
        check_error(c, "chmod go-w.", "others than its owner can put files into %s", folder);
    for (struct dirent *d; (d = readdir(dir));) {
        bool named = d->d_name[0] == '.';
        const char *path = arena_printf(&c->arena, "%s/%s", folder, d->d_name);
        for (size_t i = 0; !named && i < c->config->sender_count; i++)
            for (size_t k = 0; k < c->config->senders[i].secrets.count; k++)
                named |= strcmp(c->config->senders[i].secrets.items[k], path) == 0;
        if (!named)
            check_note(c, "Name it under `senders`, or remove it.", "no sender has the secret %s",
                       path);
    }
    closedir(dir);
}

void check_secrets(struct check *c)
{
    struct secrets all = {.c = c};
    size_t count = 0;
    struct err e = {0};
    for (size_t i = 0; i < c->config->sender_count; i++)
        count += c->config->senders[i].secrets.count;
    if (c->db && db_call(c->db, &query_admin_secrets_used, &all.used, &e))
        check_query_failed(c, &e);
    all.items = arena_alloc(&c->arena, (count + 1) * sizeof *all.items);
    for (size_t i = 0; i < c->config->sender_count; i++) {
        const struct config_sender *s = &c->config->senders[i];
        check_sender(c, s);
        for (size_t k = 0; k < s->secrets.count; k++)
            check_file(&all, s, s->secrets.items[k]);
    }
    check_strays(&all);
    for (size_t i = 0; i < all.count; i++) {
        OPENSSL_cleanse(all.items[i].text.data, all.items[i].text.cap);
        buf_free(&all.items[i].text);
    }
    db_result_free(all.used);
}
