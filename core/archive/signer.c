// SPDX-License-Identifier: Apache-2.0
#include "core/archive/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/archive/release.h"
#include "core/base/file.h"
#include "core/base/proc.h"

#define GPG_DEADLINE_MS 60000
#define HOME_PATH_MAX   80 /* gpg-agent's sockets lie in it: 107 bytes with their names */
#define TEXT_MAX        ((uint32_t)RELEASE_BYTES_MAX)
#define KEYS_MAX        8
#define KEY_BYTES_MAX   ((size_t)4 << 20)

struct signer {
    pid_t pid;
    int fd;
};

/* ---- messages: an operation or a status, and two texts ---- */

static int write_all(int fd, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static int read_all(int fd, void *data, size_t len)
{
    char *at = data;
    while (len > 0) {
        ssize_t n = read(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static int send_message(int fd, char kind, const struct buf *a, const struct buf *b)
{
    uint32_t sizes[2] = {(uint32_t)a->len, (uint32_t)b->len};
    return write_all(fd, &kind, 1) || write_all(fd, sizes, sizeof sizes) ||
                   write_all(fd, buf_str(a), a->len) || write_all(fd, buf_str(b), b->len)
               ? -1
               : 0;
}

static int read_message(int fd, char *kind, struct buf *a, struct buf *b)
{
    uint32_t sizes[2];
    struct buf *into[2] = {a, b};
    if (read_all(fd, kind, 1) || read_all(fd, sizes, sizeof sizes))
        return -1;
    for (int i = 0; i < 2; i++) {
        if (sizes[i] > TEXT_MAX)
            return -1;
        char *to = buf_reserve(into[i], sizes[i]);
        if (read_all(fd, to, sizes[i]))
            return -1;
        into[i]->len += sizes[i];
        into[i]->data[into[i]->len] = '\0';
    }
    return 0;
}

/* ---- the process that has the key ---- */

struct key_process {
    const struct config *config;
    const struct config_mirror *mirror;
    const char *home;
    struct arena a;
    const char *keys[KEYS_MAX]; /* fingerprints, in the file's order; the first is the archive's */
    size_t key_count;
};

static int run_gpg(struct key_process *k, const char *const *words, const char *input, size_t len,
                   struct buf *out, struct err *e)
{
    const char *argv[48] = {"gpg",
                            "--homedir",
                            k->home,
                            "--batch",
                            "--no-tty",
                            "--yes",
                            "--no-options",
                            "--quiet",
                            "--pinentry-mode",
                            "loopback",
                            "--passphrase",
                            "",
                            "--no-auto-check-trustdb",
                            "--trust-model",
                            "always"};
    int n = 15;
    while (*words && n < 47)
        argv[n++] = *words++;
    struct proc_spec spec = {.argv = argv,
                             .dir = k->home,
                             .input = input,
                             .input_len = len,
                             .deadline_ms = GPG_DEADLINE_MS,
                             .output_max = TEXT_MAX};
    struct proc_result r = {0};
    int rc = proc_run_ok(&spec, &r, e);
    if (rc == 0 && out)
        buf_add(out, buf_str(&r.out), r.out.len);
    proc_result_free(&r);
    return rc;
}

static void list_keys(struct key_process *k, const char *text)
{
    bool primary = false;
    k->key_count = 0;
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        size_t len = strcspn(at, "\n");
        if (strncmp(at, "sec:", 4) == 0)
            primary = true;
        if (!primary || strncmp(at, "fpr:", 4) != 0 || k->key_count == KEYS_MAX)
            continue;
        const char *fpr = at + 4 + strspn(at + 4, ":");
        k->keys[k->key_count++] =
            arena_strndup(&k->a, fpr, strcspn(fpr, ":\n") < len ? strcspn(fpr, ":\n") : 0);
        primary = false;
    }
}

/* A home of its own for this run; what a killed run left is gone first (its agent ends then). */
static int open_home(struct key_process *k, struct err *e)
{
    const char *const listing[] = {"--with-colons", "--import-options",           "show-only",
                                   "--import",      k->config->publish_sign_with, NULL};
    const char *const import[] = {"--import", k->config->publish_sign_with, NULL};
    struct buf text = BUF_INIT;
    int rc = -1;
    if (file_remove_tree(k->home, e) || file_make_dirs(k->home, 0700, e))
        return -1;
    if (run_gpg(k, listing, NULL, 0, &text, e) == 0 && run_gpg(k, import, NULL, 0, NULL, e) == 0) {
        list_keys(k, buf_str(&text));
        rc = k->key_count ? 0 : err_set(e, ERR_INPUT, "publish.sign-with holds no secret key");
    } else {
        err_context(e, "reading publish.sign-with");
    }
    buf_free(&text);
    return rc;
}

static void close_home(struct key_process *k)
{
    struct err ignored = {0};
    const char *const argv[] = {"gpgconf", "--homedir", k->home, "--kill", "all", NULL};
    struct proc_spec spec = {.argv = argv, .deadline_ms = GPG_DEADLINE_MS};
    struct proc_result r = {0};
    proc_run(&spec, &r, &ignored);
    proc_result_free(&r);
    file_remove_tree(k->home, &ignored);
    arena_free(&k->a);
}

/* Whether a Suite or a Codename is one of this mirror (1), of another one (-1), of none (0). */
static int whose_name(const struct key_process *k, const char *name)
{
    const struct config_release *c = &k->mirror->release;
    if (!name)
        return 0;
    if ((c->suite && strcmp(name, c->suite) == 0) ||
        (c->codename && strcmp(name, c->codename) == 0) || config_mirror_has_suite(k->mirror, name))
        return 1;
    return config_mirror_of_suite(k->config, name) ? -1 : 0;
}

/* Only a Release of a suite that this mirror has is signed, whoever asks: by one of its two names,
 * as apt takes it, and by neither one of another mirror. */
static int check_text(struct key_process *k, const struct buf *text, struct err *e)
{
    struct release release;
    if (release_parse(&k->a, buf_str(text), text->len, &release, e))
        return err_context(e, "a text to be signed");
    int suite = whose_name(k, release.suite), codename = whose_name(k, release.codename);
    if (suite >= 0 && codename >= 0 && suite + codename > 0)
        return 0;
    return err_set(e, ERR_DENIED, "a text to be signed is no Release of this mirror");
}

static int sign(struct key_process *k, const struct buf *text, struct buf *inline_signed,
                struct buf *detached, struct err *e)
{
    const char *words[2 * KEYS_MAX + 8];
    int n = 0;
    for (size_t i = 0; i < k->key_count; i++) { /* several: both signatures for a time */
        words[n++] = "--local-user";
        words[n++] = k->keys[i];
    }
    words[n++] = "--digest-algo";
    words[n++] = "SHA256";
    words[n++] = "--output";
    words[n++] = "-";
    int at = n;
    words[at + 1] = NULL;
    words[at] = "--clear-sign";
    if (check_text(k, text, e) || run_gpg(k, words, text->data, text->len, inline_signed, e))
        return -1;
    words[at] = "--armor";
    words[at + 1] = "--detach-sign";
    words[at + 2] = NULL;
    return run_gpg(k, words, text->data, text->len, detached, e);
}

static int export(struct key_process *k, struct buf *binary, struct buf *armoured, struct err *e)
{
    const char *const plain[] = {"--export", k->keys[0], NULL};
    const char *const armour[] = {"--armor", "--export", k->keys[0], NULL};
    return run_gpg(k, plain, NULL, 0, binary, e) || run_gpg(k, armour, NULL, 0, armoured, e) ? -1
                                                                                             : 0;
}

static int identify(struct key_process *k, struct buf *id, struct err *e)
{
    struct buf file = BUF_INIT;
    char hex[SHA256_HEX];
    int rc = file_read(k->config->publish_sign_with, KEY_BYTES_MAX, &file, e);
    if (rc)
        err_context(e, "publish.sign-with");
    hash_text(buf_str(&file), file.len, hex);
    buf_add_str(id, hex);
    buf_free(&file);
    return rc;
}

static int answer(struct key_process *k, char kind, const struct buf *text, struct buf *x,
                  struct buf *y, struct err *e)
{
    if (kind == 'I')
        return identify(k, x, e);
    if (k->key_count == 0 && open_home(k, e))
        return -1;
    return kind == 'S' ? sign(k, text, x, y, e) : export(k, x, y, e);
}

/* Answers until the run goes away. */
static void serve(struct key_process *k, int fd)
{
    struct buf a = BUF_INIT, none = BUF_INIT, x = BUF_INIT, y = BUF_INIT;
    char kind;
    while (read_message(fd, &kind, &a, &none) == 0) {
        struct err e = {0};
        int rc = answer(k, kind, &a, &x, &y, &e);
        if (rc) {
            buf_reset(&x);
            buf_reset(&y);
            buf_add_str(&x, e.text);
            buf_add_str(&y, e.detail);
        }
        if (send_message(fd, rc == 0 ? '+' : '0' + (char)e.code, &x, &y))
            break;
        buf_reset(&a);
        buf_reset(&none);
        buf_reset(&x);
        buf_reset(&y);
    }
    close_home(k);
    buf_free(&a);
    buf_free(&none);
    buf_free(&x);
    buf_free(&y);
}

static void run_key_process(struct key_process *k, int fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    /* neither the database's connection nor the run's pipe */
    if (dup2(fd, 3) != 3 || close_range(4, ~0U, 0))
        _exit(1);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    /* gpg's agent falls to this process, not to the run, which ends what it did not start */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    serve(k, 3);
    _exit(0);
}

/* Short, as sockets lie in it; one per mirror, as only the run that holds its lock uses it. */
static const char *home_of(struct arena *a, const struct place *place, const char *mirror,
                           struct err *e)
{
    char hex[SHA256_HEX];
    hash_text(mirror, strlen(mirror), hex);
    const char *home = arena_printf(a, "%s/gpg/%.8s", place->work, hex);
    if (strlen(home) > HOME_PATH_MAX) {
        err_set(e, ERR_INPUT, "the path of publish.root is too long for gpg's sockets");
        return NULL;
    }
    return home;
}

struct signer *signer_start(const struct config *config, const struct config_mirror *mirror,
                            const struct place *place, struct err *e)
{
    struct key_process k = {.config = config, .mirror = mirror, .a = ARENA_INIT};
    struct signer *s = NULL;
    int ends[2] = {-1, -1};
    pid_t parent = getpid();
    k.home = home_of(&k.a, place, mirror->name, e);
    if (!k.home || file_make_dirs(arena_printf(&k.a, "%s/gpg", place->work), 0700, e))
        goto out;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
        err_errno(e, "starting the signing step");
        goto out;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        run_key_process(&k, ends[1], parent);
    close(ends[1]);
    if (pid < 0) {
        err_errno(e, "starting the signing step");
        close(ends[0]);
        goto out;
    }
    s = calloc(1, sizeof *s);
    if (!s)
        abort();
    *s = (struct signer){pid, ends[0]};
out:
    arena_free(&k.a);
    return s;
}

void signer_stop(struct signer *s)
{
    if (!s)
        return;
    close(s->fd); /* it ends by itself: kills its agent, removes its home */
    while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(s);
}

pid_t signer_pid(const struct signer *s)
{
    return s ? s->pid : 0;
}

static int ask(struct signer *s, char kind, const char *text, size_t len, struct buf *a,
               struct buf *b, struct err *e)
{
    struct buf request = BUF_INIT, none = BUF_INIT;
    char status = 0;
    int rc = -1;
    buf_add(&request, text, len);
    if (send_message(s->fd, kind, &request, &none) || read_message(s->fd, &status, a, b)) {
        err_set(e, ERR_SYSTEM, "the signing step ended unexpectedly");
    } else if (status == '+') {
        rc = 0;
    } else {
        err_set(e, (enum err_code)(status - '0'), "signing: %s", buf_str(a));
        err_detail(e, buf_str(b), (long)b->len);
    }
    buf_free(&request);
    return rc;
}

int signer_sign(struct signer *s, const char *text, size_t len, struct buf *inline_signed,
                struct buf *detached, struct err *e)
{
    return ask(s, 'S', text, len, inline_signed, detached, e);
}

int signer_key_id(struct signer *s, char id[SHA256_HEX], struct err *e)
{
    struct buf a = BUF_INIT, b = BUF_INIT;
    int rc = ask(s, 'I', "", 0, &a, &b, e);
    if (rc == 0)
        snprintf(id, SHA256_HEX, "%s", buf_str(&a));
    buf_free(&a);
    buf_free(&b);
    return rc;
}

int signer_public_key(struct signer *s, struct buf *binary, struct buf *armoured, struct err *e)
{
    return ask(s, 'K', "", 0, binary, armoured, e);
}
