// SPDX-License-Identifier: Apache-2.0
#include "core/upstream/repository.h"

#include <dirent.h>
#if __has_include(<git2/sys/errors.h>)
#include <git2/sys/errors.h> /* git_error_clear, from libgit2 1.8 on */
#endif
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/base/fnv.h"
#include "core/upstream/seed.h"
#include "core/upstream/stall.h"

#define STALL_MS     60000
#define PACKS_MAX    300 /* each fetch adds one, and libgit2 opens them all */
#define CERTIFICATES "/etc/ssl/certs/ca-certificates.crt"

int repository_fail(struct err *e, const char *what)
{
    const git_error *why = git_error_last();
    err_set(e, ERR_SYSTEM, "the copy of the upstream repository cannot be read (%s)", what);
    if (why)
        err_detail(e, why->message, -1);
    return -1;
}

int repository_init(struct err *e)
{
    static const git_config_level_t levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA,
                                                GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                                                GIT_CONFIG_LEVEL_GLOBAL};
    if (git_libgit2_init() < 0)
        return err_set(e, ERR_SYSTEM, "libgit2 could not be started");
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
    /* A local upstream is usually another user's; its path is the configuration's. */
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    if (file_exists(CERTIFICATES))
        git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, CERTIFICATES, NULL);
    return 0;
}

void repository_shutdown(void)
{
    git_libgit2_shutdown();
}

/* The folder's name below <data>/upstream: the same after restarts and resets of the database. */
static const char *name_of(const struct upstream *u, struct arena *a)
{
    return arena_printf(a, "%016" PRIx64 ".git", fnv_add(FNV_START, u->name, strlen(u->name)));
}

static const char *folder_of(const char *data, const struct upstream *u, struct arena *a)
{
    return arena_printf(a, "%s/upstream/%s", data, name_of(u, a));
}

/* Our sentence, without the path, which is for admins. */
static int fail_copy(struct err *e, const struct err *why, const char *what)
{
    err_set(e, ERR_SYSTEM, "the copy of the upstream repository cannot be %s", what);
    return err_detail(e, why->text, -1);
}

static int remove_copy(const char *folder, struct err *e)
{
    struct err why;
    return file_remove_tree(folder, &why) ? fail_copy(e, &why, "removed") : 0;
}

int repository_discard(const char *data, const struct upstream *u, struct arena *a, struct err *e)
{
    return remove_copy(folder_of(data, u, a), e);
}

/* There while the copy is open. */
static const char *mark_of(const char *data, const struct upstream *u, struct arena *a)
{
    return arena_printf(a, "%s/in-use", folder_of(data, u, a));
}

static bool has_too_many_packs(const char *folder, struct arena *a)
{
    DIR *dir = opendir(arena_printf(a, "%s/objects/pack", folder));
    size_t count = 0;
    for (struct dirent *d; dir && (d = readdir(dir));)
        count += strstr(d->d_name, ".pack") != NULL;
    if (dir)
        closedir(dir);
    return count > PACKS_MAX;
}

static int mark(const char *path, struct err *e)
{
    struct err why;
    return file_write(path, "", 0, 0600, &why) ? fail_copy(e, &why, "written to") : 0;
}

int repository_open(const char *data, const struct upstream *u, struct arena *a,
                    git_repository **out, struct err *e)
{
    const char *folder = folder_of(data, u, a), *in_use = mark_of(data, u, a);
    struct err why;
    if (!file_exists(in_use) && !has_too_many_packs(folder, a) &&
        git_repository_open_bare(out, folder) == 0)
        return mark(in_use, e);
    if (remove_copy(folder, e))
        return -1;
    if (file_make_dirs(folder, 0700, &why))
        return fail_copy(e, &why, "made");
    if (git_repository_init(out, folder, 1) == 0)
        return mark(in_use, e);
    err_set(&why, ERR_SYSTEM, "%s", git_error_last() ? git_error_last()->message : "");
    return fail_copy(e, &why, "made");
}

void repository_close(const char *data, const struct upstream *u, struct arena *a,
                      git_repository *repo)
{
    if (!repo)
        return;
    git_repository_free(repo);
    unlink(mark_of(data, u, a));
}

static bool is_used(const char *name, const struct upstream *upstreams, size_t count,
                    struct arena *a)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name_of(&upstreams[i], a), name) == 0)
            return true;
    return false;
}

int repository_clean(const char *data, const struct upstream *upstreams, size_t count,
                     struct arena *a, struct err *e)
{
    const char *top = arena_printf(a, "%s/upstream", data);
    DIR *dir = opendir(top);
    int rc = 0;
    for (struct dirent *d; rc == 0 && dir && (d = readdir(dir));)
        if (d->d_name[0] != '.' && !is_used(d->d_name, upstreams, count, a))
            rc = remove_copy(arena_printf(a, "%s/%s", top, d->d_name), e);
    if (dir)
        closedir(dir);
    return rc;
}

/* ---- fetching ---- */

static int on_transfer(const git_indexer_progress *stats, void *payload)
{
    const struct repository_watch *watch = payload;
    stall_progress();
    watch->progress(watch->data, stats->received_objects, stats->total_objects);
    return stats->received_bytes > (size_t)watch->bytes_max ? GIT_EUSER : 0;
}

/* "Counting objects ...": the server is alive. */
static int on_words(const char *words, int len, void *payload)
{
    (void)words, (void)len, (void)payload;
    stall_progress();
    return 0;
}

static int fetch_failed(struct err *e, int rc, bool stalled)
{
    const git_error *why = git_error_last();
    int class = why ? why->klass : 0;
    const char *text = stalled           ? "upstream stopped answering"
                       : rc == GIT_EAUTH ? "upstream refused access: a password is missing or wrong"
                       : rc == GIT_ECERTIFICATE ? "upstream's certificate is not trusted"
                       : class == GIT_ERROR_SSL ? "no safe connection to upstream"
                       : class == GIT_ERROR_NET || class == GIT_ERROR_OS
                           ? "upstream could not be reached"
                       : class == GIT_ERROR_HTTP ? "upstream's server gave no repository"
                                                 : "upstream could not be fetched";
    err_set(e, ERR_TRANSIENT, "%s", text);
    if (why) {
        struct buf words = BUF_INIT;
        upstreams_add_public_words(&words, why->message);
        err_detail(e, buf_str(&words), -1);
        buf_free(&words);
    }
    return -1;
}

/* 0: the server has the branch at *oid; GIT_ENOTFOUND: it has none. */
static int find_branch(git_remote *remote, const char *ref, git_oid *oid)
{
    const git_remote_head **heads;
    size_t count;
    int rc = git_remote_ls(&heads, &count, remote);
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (strcmp(heads[i]->name, ref) == 0) {
            git_oid_cpy(oid, &heads[i]->oid);
            return 0;
        }
    return rc ? rc : GIT_ENOTFOUND;
}

static int download(git_remote *remote, const char *ref, git_fetch_options *options)
{
    char refspec[520];
    snprintf(refspec, sizeof refspec, "+%s:%s", ref, ref);
    git_strarray specs = {(char *[]){refspec}, 1};
    return git_remote_fetch(remote, &specs, options, NULL);
}

/* A branch whose commit is lost is none: the fetch would ask for what comes after it. */
static void drop_lost_branch(git_repository *repo, const char *ref)
{
    git_oid here;
    git_commit *commit = NULL;
    if (git_reference_name_to_id(&here, repo, ref) == 0 &&
        git_commit_lookup(&commit, repo, &here) != 0)
        git_reference_remove(repo, ref);
    git_commit_free(commit);
}

static int fetch(git_repository *repo, git_remote *remote, const char *ref,
                 git_fetch_options *options, git_oid *head)
{
    git_oid here;
    int rc = git_remote_connect(remote, GIT_DIRECTION_FETCH, &options->callbacks,
                                &options->proxy_opts, NULL);
    if (rc == 0)
        rc = find_branch(remote, ref, head);
    if (rc == 0 && git_reference_name_to_id(&here, repo, ref) == 0 && git_oid_equal(&here, head))
        return 0;
    if (rc == 0)
        rc = download(remote, ref, options);
    return rc ? rc : git_reference_name_to_id(head, repo, ref);
}

int repository_fetch(git_repository *repo, const struct upstream *u,
                     const struct repository_watch *watch, git_oid *head, struct err *e)
{
    git_fetch_options options;
    git_remote *remote = NULL;
    char ref[256];

    git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
    options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
    options.update_fetchhead = 0;
    options.proxy_opts.type = GIT_PROXY_AUTO;
    options.callbacks.transfer_progress = on_transfer;
    options.callbacks.sideband_progress = on_words;
    options.callbacks.payload = (void *)(uintptr_t)watch;
    if ((size_t)snprintf(ref, sizeof ref, "refs/heads/%s", u->config->branch) >= sizeof ref)
        return err_set(e, ERR_INPUT, "the name of upstream's branch is too long");
    drop_lost_branch(repo, ref);
    seed_from_local(repo, u->config->repository, ref);
    git_error_clear();
    stall_begin(STALL_MS);
    int rc = git_remote_create_anonymous(&remote, repo, u->config->repository);
    rc = rc ? rc : fetch(repo, remote, ref, &options, head);
    bool stalled = stall_end();
    git_remote_free(remote);
    if (rc == GIT_ENOTFOUND && git_error_last() == NULL)
        return err_set(e, ERR_INPUT, "upstream has no branch %s", u->config->branch);
    if (rc == GIT_EUSER)
        return err_set(e, ERR_TRANSIENT, "upstream sends more than it may (%lld bytes)",
                       (long long)watch->bytes_max);
    return rc ? fetch_failed(e, rc, stalled) : 0;
}

int repository_connect(const char *location, git_remote **remote, const git_remote_head ***heads,
                       size_t *count, struct err *e)
{
    git_remote_callbacks callbacks;
    git_proxy_options proxy;
    git_remote_init_callbacks(&callbacks, GIT_REMOTE_CALLBACKS_VERSION);
    git_proxy_options_init(&proxy, GIT_PROXY_OPTIONS_VERSION);
    proxy.type = GIT_PROXY_AUTO;
    git_error_clear();
    stall_begin(STALL_MS);
    int rc = git_remote_create_detached(remote, location);
    rc = rc ? rc : git_remote_connect(*remote, GIT_DIRECTION_FETCH, &callbacks, &proxy, NULL);
    bool stalled = stall_end();
    rc = rc ? rc : git_remote_ls(heads, count, *remote);
    return rc ? fetch_failed(e, rc, stalled) : 0;
}

/* ---- commits ---- */

int repository_relate(git_repository *repo, const char *recorded, const git_oid *head,
                      enum repository_relation *out, struct err *e)
{
    git_oid old;
    git_odb *odb = NULL;
    *out = REPOSITORY_UNKNOWN;
    if (!recorded || git_oid_fromstr(&old, recorded) || git_repository_odb(&odb, repo))
        return 0;
    bool there = git_odb_exists(odb, &old);
    git_odb_free(odb);
    if (!there)
        return 0;
    *out = REPOSITORY_SAME;
    if (git_oid_equal(&old, head))
        return 0;
    int newer = git_graph_descendant_of(repo, head, &old);
    int older = newer == 0 ? git_graph_descendant_of(repo, &old, head) : 0;
    if (newer < 0 || older < 0)
        return repository_fail(e, "relation of two commits");
    *out = newer ? REPOSITORY_NEWER : older ? REPOSITORY_OLDER : REPOSITORY_REWRITTEN;
    return 0;
}

int repository_blob(git_repository *repo, const git_oid *oid, size_t max, git_blob **out,
                    struct err *e)
{
    git_odb *odb = NULL;
    git_object_t type;
    size_t size = 0;
    *out = NULL;
    int rc = git_repository_odb(&odb, repo);
    rc = rc ? rc : git_odb_read_header(&size, &type, odb, oid);
    if (rc == 0 && size <= max)
        rc = git_blob_lookup(out, repo, oid);
    git_odb_free(odb);
    return rc ? repository_fail(e, "a file") : 0;
}
