// SPDX-License-Identifier: Apache-2.0
#include "core/archive/suites.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/fnv.h"
#include "core/base/proc.h"

/* Part of the fingerprint: raise it when a rule of core/rules or of the index changes, so that
 * lists which did not change are read again. */
#define RULES_VERSION "1"

enum {
    UPDATE_DEADLINE_MS = 15 * 60 * 1000,
    TARGETS_DEADLINE_MS = 60 * 1000,
    RELEASE_MAX = 4 * 1024 * 1024
};

const char *suites_folder(struct arena *a, const struct suites_line *line)
{
    const char *parts[] = {line->uri, line->suite, line->components, line->options};
    uint64_t h = FNV_START;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        h = fnv_add(h, parts[i], strlen(parts[i]) + 1); /* the NUL separates */
    return arena_printf(a, "%016" PRIx64, h);
}

/*
 * Everything of /etc/apt is replaced. apt reads apt.conf.d after the file in APT_CONFIG, hence
 * parts; a changed Suite or Codename (stable, testing at each Debian release) is what a line by
 * that name asks for, a changed Origin is another archive and stays an error.
 */
static const char *conf_text(struct arena *a, const char *dir)
{
    return arena_printf(a,
                        "Dir \"%1$s\";\n"
                        "Dir::Etc \"%1$s/etc\";\n"
                        "Dir::Etc::main \"none\";\n"
                        "Dir::Etc::parts \"none.d\";\n"
                        "Dir::Etc::sourcelist \"%1$s/etc/sources.list\";\n"
                        "Dir::Etc::sourceparts \"none.d\";\n"
                        "Dir::Etc::trusted \"none\";\n"
                        "Dir::Etc::trustedparts \"none.d\";\n"
                        "Dir::Etc::preferences \"none\";\n"
                        "Dir::Etc::preferencesparts \"none.d\";\n"
                        "Dir::State \"%1$s/state\";\n"
                        "Dir::State::status \"%1$s/status\";\n"
                        "Dir::Cache \"%1$s/cache\";\n"
                        "Dir::Cache::pkgcache \"\";\n"
                        "Dir::Cache::srcpkgcache \"\";\n"
                        "Dir::Log \"%1$s\";\n"
                        "APT::Sandbox::User \"\";\n"
                        "APT::Update::Post-Invoke \"\";\n"
                        "Acquire::Languages \"none\";\n"
                        "Acquire::GzipIndexes \"false\";\n"
                        "Acquire::PDiffs \"false\";\n"
                        "Acquire::Retries \"2\";\n"
                        "Acquire::http::Timeout \"30\";\n"
                        "Acquire::https::Timeout \"30\";\n"
                        "Acquire::AllowInsecureRepositories \"false\";\n"
                        "Acquire::AllowWeakRepositories \"false\";\n"
                        "Acquire::AllowReleaseInfoChange::Suite \"true\";\n"
                        "Acquire::AllowReleaseInfoChange::Codename \"true\";\n"
                        "Acquire::AllowReleaseInfoChange::Version \"true\";\n"
                        "Acquire::AllowReleaseInfoChange::Label \"true\";\n"
                        "Acquire::AllowReleaseInfoChange::DefaultPin \"true\";\n"
                        "Binary::apt-get::APT::Update::Error-Mode \"any\";\n",
                        dir);
}

static int make_folders(struct arena *a, const char *dir, struct err *e)
{
    static const char *const parts[] = {"etc", "state/lists/partial", "cache/archives/partial"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (file_make_dirs(arena_printf(a, "%s/%s", dir, parts[i]), 0755, e))
            return -1;
    return file_write(arena_printf(a, "%s/status", dir), "", 0, 0644, e);
}

static int write_conf(const char *dir, const char *keyring, const struct suites_line *line,
                      struct arena *a, struct err *e)
{
    const char *options = line->options;
    if (!strstr(options, "signed-by=")) {
        if (!keyring || !*keyring)
            return err_set(e, ERR_INPUT, "no keyring is configured for it");
        options = arena_printf(a, "%s%ssigned-by=%s", options, *options ? " " : "", keyring);
    }
    const char *conf = conf_text(a, dir);
    const char *list = arena_printf(a, "deb-src [%s] %s %s %s\n", options, line->uri, line->suite,
                                    line->components);
    if (make_folders(a, dir, e) ||
        file_write(arena_printf(a, "%s/apt.conf", dir), conf, strlen(conf), 0644, e))
        return -1;
    return file_write(arena_printf(a, "%s/etc/sources.list", dir), list, strlen(list), 0644, e);
}

/* A clean environment, but for what a site sets to reach the world. */
static const char *const *make_env(struct arena *a, const char *dir)
{
    static const char *const passed[] = {"http_proxy", "https_proxy", "no_proxy"};
    const char **env = arena_alloc(a, 9 * sizeof *env);
    size_t n = 0;
    env[n++] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
    env[n++] = "LC_ALL=C.UTF-8";
    env[n++] = "TZ=UTC";
    env[n++] = arena_printf(a, "APT_CONFIG=%s/apt.conf", dir);
    env[n++] = arena_printf(a, "TMPDIR=%s/cache", dir);
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (getenv(passed[i]))
            env[n++] = arena_printf(a, "%s=%s", passed[i], getenv(passed[i]));
    return env;
}

/* What apt's words mean, in ours. First hit wins: a wrong signature also says 'not signed'. */
static const struct {
    const char *words, *sentence;
    enum err_code code;
} meanings[] = {
    {"No space left", "the disk is full", ERR_SYSTEM},
    {"NO_PUBKEY", "its signature is by a key that is not in the configured keyring", ERR_INPUT},
    {"BADSIG", "its signature is wrong", ERR_INPUT},
    {"EXPKEYSIG", "its signing key has expired", ERR_INPUT},
    {"REVKEYSIG", "its signing key is revoked", ERR_INPUT},
    {"Clearsigned file isn't valid", "its InRelease is no signed text", ERR_TRANSIENT},
    {"keyring file", "the configured keyring cannot be read", ERR_INPUT},
    {"is not signed", "it is not signed", ERR_INPUT},
    {"no longer signed", "it is not signed any more", ERR_INPUT},
    {"weak security information", "its Release file lists no strong hashes", ERR_INPUT},
    {"is expired", "its Release file has expired (Valid-Until)", ERR_INPUT},
    {"is not valid yet", "its Release file is dated in the future", ERR_INPUT},
    {"changed its 'Origin'", "it changed its Origin: another archive answers", ERR_INPUT},
    {"Hash Sum mismatch", "an index differs from what its Release file lists", ERR_TRANSIENT},
    {"unexpected size", "an index differs from what its Release file lists", ERR_TRANSIENT},
    {"Could not resolve", "its host's name cannot be resolved", ERR_TRANSIENT},
    {"Temporary failure resolving", "its host's name cannot be resolved", ERR_TRANSIENT},
    {"timed out", "its host does not answer", ERR_TRANSIENT},
    {"Could not connect", "its host refuses the connection", ERR_TRANSIENT},
    {"Unable to connect", "its host refuses the connection", ERR_TRANSIENT},
    {"Service Unavailable", "its server cannot answer now", ERR_TRANSIENT},
    {"Internal Server Error", "its server cannot answer now", ERR_TRANSIENT},
    {"Bad Gateway", "its server cannot answer now", ERR_TRANSIENT},
    {"Gateway Time-out", "its server cannot answer now", ERR_TRANSIENT},
    {"Certificate verification failed", "its server's certificate is not valid", ERR_TRANSIENT},
    {"does not have a Release file", "there is no such suite at its address", ERR_INPUT},
    {"no longer has a Release file", "there is no such suite at its address any more", ERR_INPUT},
    {"signatures were invalid", "its signature is wrong", ERR_INPUT},
    {"couldn't be verified", "its signature cannot be verified", ERR_INPUT},
};

static int explain(const struct proc_result *r, struct err *e)
{
    const char *words = buf_str(&r->err);
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strstr(words, meanings[i].words)) {
            err_set(e, meanings[i].code, "%s", meanings[i].sentence);
            return err_detail(e, r->err.data, (long)r->err.len);
        }
    err_set(e, ERR_TRANSIENT, "apt could not refresh it");
    return err_detail(e, words, (long)r->err.len);
}

/* The file that the line's signature is checked with. */
static const char *keyring_of(struct arena *a, const char *keyring, const struct suites_line *line)
{
    static const char name[] = "signed-by=";
    const char *at = strstr(line->options, name);
    if (!at)
        return keyring;
    at += sizeof name - 1;
    return arena_strndup(a, at, strcspn(at, " ,"));
}

/* A suite on this host may lead anywhere by links. */
static bool is_on_this_host(const char *uri)
{
    return strncmp(uri, "file:", 5) == 0 || strncmp(uri, "copy:", 5) == 0;
}

/* What apt takes in comes from strangers: it reads its own folder and the keyring, no key and
 * no secret, and has no local socket, by which it would be us to the database. */
static int run_update(const char *dir, const char *keyring, const struct suites_line *line,
                      struct arena *a, const char *const *env, struct err *e)
{
    static const char *const argv[] = {"apt-get", "update", "-q", "--error-on=any", NULL};
    const char *const readable[] = {keyring_of(a, keyring, line), "/proc/self", NULL};
    const char *const writable[] = {dir, NULL};
    const struct sandbox_rules rules = {.readable = readable,
                                        .writable = writable,
                                        .reads_all = is_on_this_host(line->uri),
                                        .alone = true};
    struct sandbox sandbox;
    if (sandbox_open(&sandbox, &rules, e))
        return -1;
    sandbox.sockets = SANDBOX_TCP_UDP;
    struct proc_spec spec = {
        .argv = argv, .env = env, .deadline_ms = UPDATE_DEADLINE_MS, .sandbox = &sandbox};
    struct proc_result r = {0};
    int rc = proc_run(&spec, &r, e);
    sandbox_close(&sandbox);
    if (rc == 0 && (r.exit_code != 0 || r.signal))
        rc = explain(&r, e);
    proc_result_free(&r);
    return rc;
}

/* ---- what was fetched ---- */

struct targets {
    struct arena *arena;
    struct suites_lists *out;
    size_t room;
};

static int take_target(void *data, const char *line, size_t len)
{
    struct targets *t = data;
    char *copy = arena_strndup(t->arena, line, len);
    char *tab = strchr(copy, '\t');
    if (!tab || t->out->count == t->room)
        return 0;
    *tab = '\0';
    t->out->files[t->out->count++] = (struct suites_file){copy, tab + 1};
    return 0;
}

static bool has_component(const struct suites_lists *lists, const char *name, size_t len)
{
    for (size_t i = 0; i < lists->count; i++)
        if (strlen(lists->files[i].component) == len &&
            memcmp(lists->files[i].component, name, len) == 0 && file_exists(lists->files[i].path))
            return true;
    return false;
}

/* Whether the signed text lists COMPONENT/source/Sources with a size of 0: apt fetches no such
 * file and names none, as when there is no such component. */
static bool is_empty(const struct buf *release, const char *component, size_t len)
{
    static const char name[] = "/source/Sources";
    for (const char *line = strchr(buf_str(release), '\n'); line; line = strchr(line + 1, '\n')) {
        const char *size = line + 1;
        if (*size++ != ' ')
            continue;
        size += strcspn(size, " \n"); /* the hash */
        size += strspn(size, " ");
        const char *path = size + strcspn(size, " \n");
        if (path - size != 1 || *size != '0')
            continue;
        path += strspn(path, " ");
        if (strncmp(path, component, len) == 0 && strncmp(path + len, name, sizeof name - 1) == 0 &&
            path[len + sizeof name - 1] == '\n')
            return true;
    }
    return false;
}

/* apt-get update is content with a component that is not there. */
static int check_components(const struct suites_line *line, const struct buf *release,
                            const struct suites_lists *lists, struct err *e)
{
    size_t empty = 0;
    for (const char *c = line->components; *c;) {
        size_t len = strcspn(c, " ");
        if (!has_component(lists, c, len)) {
            if (!is_empty(release, c, len))
                return err_set(e, ERR_INPUT, "it has no sources in component %.*s", (int)len, c);
            empty++;
        }
        c += len + strspn(c + len, " ");
    }
    return lists->count + empty ? 0 : err_set(e, ERR_INPUT, "it has no sources");
}

static int find_targets(const char *const *env, const struct suites_line *line, struct arena *a,
                        struct suites_lists *out, struct err *e)
{
    static const char *const argv[] = {
        "apt-get", "indextargets", "--format", "$(COMPONENT)\t$(FILENAME)", "Created-By: Sources",
        NULL};
    struct targets t = {a, out, strlen(line->components) + 1};
    struct proc_spec spec = {.argv = argv,
                             .env = env,
                             .deadline_ms = TARGETS_DEADLINE_MS,
                             .on_line = take_target,
                             .data = &t};
    struct proc_result r = {0};
    out->files = arena_alloc(a, t.room * sizeof *out->files);
    int rc = proc_run_ok(&spec, &r, e);
    proc_result_free(&r);
    return rc ? err_context(e, "apt's list of indexes") : 0;
}

/* The Release text that apt verified: the only one in lists/. */
static int find_release(const char *dir, struct buf *text, struct err *e)
{
    struct buf path = BUF_INIT;
    struct dirent *d;
    int rc = -1;
    buf_addf(&path, "%s/state/lists", dir);
    DIR *lists = opendir(buf_str(&path));
    if (!lists) {
        buf_free(&path);
        return err_errno(e, "apt's lists");
    }
    err_set(e, ERR_INPUT, "apt kept no Release file");
    while (rc && (d = readdir(lists))) {
        size_t n = strlen(d->d_name);
        if (n < 9 || strcmp(d->d_name + n - 8, "_Release") != 0) {
            if (n < 11 || strcmp(d->d_name + n - 10, "_InRelease") != 0)
                continue;
        }
        buf_addf(&path, "/%s", d->d_name);
        rc = file_read(buf_str(&path), RELEASE_MAX, text, e);
        break;
    }
    closedir(lists);
    buf_free(&path);
    return rc;
}

/* A field of the Release text, "" if it has none. */
static void release_field(const struct buf *text, const char *name, char *out, size_t size)
{
    const char *line = buf_str(text);
    size_t n = strlen(name);
    *out = '\0';
    while (line && (strncmp(line, name, n) != 0 || line[n] != ':'))
        line = (line = strchr(line, '\n')) ? line + 1 : NULL;
    if (!line)
        return;
    line += n + 1 + strspn(line + n + 1, " \t");
    snprintf(out, size, "%.*s", (int)strcspn(line, "\r\n"), line);
}

static void read_release(const struct buf *text, struct suites_lists *out)
{
    char date[64];
    release_field(text, "Date", date, sizeof date);
    if (clock_parse_rfc2822(date, &out->date, NULL))
        out->date = 0;
    release_field(text, "Origin", out->origin, sizeof out->origin);
    release_field(text, "Suite", out->archive, sizeof out->archive);
}

static void fingerprint(const struct buf *release, char out[SHA256_HEX])
{
    struct hash_sums sums;
    struct hash_state *h = hash_begin(1U << HASH_SHA256);
    hash_add(h, RULES_VERSION, sizeof RULES_VERSION); /* its NUL separates */
    hash_add(h, buf_str(release), release->len);
    hash_end(h, &sums);
    memcpy(out, sums.hex[HASH_SHA256], SHA256_HEX);
}

int suites_fetch(const char *data, const char *keyring, const struct suites_line *line,
                 struct arena *a, struct suites_lists *out, struct err *e)
{
    const char *dir = arena_printf(a, "%s/apt/%s", data, suites_folder(a, line));
    const char *const *env = make_env(a, dir);
    struct buf release = BUF_INIT;
    int rc = -1;

    memset(out, 0, sizeof *out);
    if (write_conf(dir, keyring, line, a, e) || run_update(dir, keyring, line, a, env, e) ||
        find_targets(env, line, a, out, e) || find_release(dir, &release, e) ||
        check_components(line, &release, out, e))
        goto out;
    fingerprint(&release, out->fingerprint);
    read_release(&release, out);
    rc = 0;
out:
    buf_free(&release);
    return rc;
}

int suites_clean(const char *data, const struct suites_line *lines, size_t count, struct err *e)
{
    struct arena a = ARENA_INIT;
    const char *top = arena_printf(&a, "%s/apt", data);
    struct dirent *d;
    int rc = 0;
    DIR *dir = opendir(top);
    while (dir && rc == 0 && (d = readdir(dir))) {
        bool known = d->d_name[0] == '.';
        for (size_t i = 0; i < count && !known; i++)
            known = strcmp(d->d_name, suites_folder(&a, &lines[i])) == 0;
        if (!known)
            rc = file_remove_tree(arena_printf(&a, "%s/%s", top, d->d_name), e);
    }
    if (dir)
        closedir(dir);
    arena_free(&a);
    return rc;
}
