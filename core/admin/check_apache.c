// SPDX-License-Identifier: Apache-2.0
/* check: Apache's configuration, as far as it can be judged without the database. */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/admin/check.h"

#define APACHE_DEFAULT_WORKERS 400 /* mpm_event: ServerLimit 16 times ThreadsPerChild 25 */

static int processes_of(const struct apache *a, const struct apache_program *p)
{
    return p->max_processes ? p->max_processes : a->max_class_processes;
}

/* mod_fcgid sleeps a whole second when all processes of a program are busy. */
static void check_second(struct check *c, const struct apache_program *p, const char *name)
{
    int workers =
        c->apache.max_request_workers ? c->apache.max_request_workers : APACHE_DEFAULT_WORKERS;
    int processes = processes_of(&c->apache, p);
    if (!p->served || p->by_socket || workers <= processes)
        return;
    check_note(c,
               arena_printf(&c->arena,
                            "Nothing to do while that is rare; else MaxRequestWorkers %d, more "
                            "MaxProcesses (and the role's connections), or the sockets' variant.",
                            processes),
               "more than %d requests at once for %s wait a whole second (MaxRequestWorkers %d, "
               "MaxProcesses %d)",
               processes, name, workers, processes);
}

static void check_limits(struct check *c)
{
    const struct apache *a = &c->apache;
    int64_t largest = 0;
    const char *who = NULL;
    for (size_t i = 0; i < c->config->sender_count; i++)
        if (c->config->senders[i].body_limit > largest) {
            largest = c->config->senders[i].body_limit;
            who = c->config->senders[i].name;
        }
    if (!a->hook.served || !who)
        return;
    if (!a->hook.by_socket && a->max_request_len < largest)
        check_error(c,
                    arena_printf(&c->arena, "FcgidMaxRequestLen %lld, and more for headers.",
                                 (long long)largest),
                    "bodies of sender %s may have %lld bytes, and mod_fcgid answers 500 above %ld",
                    who, (long long)largest, a->max_request_len);
    if (a->body_limit && a->body_limit < largest)
        check_error(c,
                    arena_printf(&c->arena, "Define DEB_STATUS_BODY_LIMIT %lld before our file.",
                                 (long long)largest),
                    "bodies of sender %s may have %lld bytes, and Apache refuses those above %ld",
                    who, (long long)largest, a->body_limit);
}

/* The path of an address, without slash at its end; "" for the root. */
static const char *path_of(struct check *c, const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host ? strchr(host + 3, '/') : NULL;
    return arena_strdup(&c->arena, path ? path : "");
}

static void check_archive(struct check *c)
{
    const struct config *config = c->config;
    if (!config->publish_root || !config->publish_url || config->mirror_count == 0)
        return;
    const char *path = path_of(c, config->publish_url);
    const char *served = NULL;
    for (int i = 0; i < c->apache.alias_count; i++)
        if (strcmp(c->apache.aliases[i].folder, config->publish_root) == 0) {
            served = c->apache.aliases[i].path;
            if (strcmp(served, path) == 0)
                return;
        }
    if (served)
        check_note(c, "Define DEB_STATUS_ARCHIVE_PATH as the path of publish.url.",
                   "Apache serves publish.root as %s, and publish.url is %s", served,
                   config->publish_url);
    else
        check_note(c, "Define DEB_STATUS_ARCHIVE as publish.root, unless another server serves it.",
                   "this Apache does not serve publish.root %s", config->publish_root);
}

/* The archive's address may have been somebody else's before our file took it. */
static void check_hidden(struct check *c)
{
    const struct apache *a = &c->apache;
    const char *mend =
        "Define DEB_STATUS_ARCHIVE_PATH /another in conf-available/deb-status-local.conf, "
        "a2enconf deb-status-local (it is read before ours), and reload Apache.";
    struct stat st;
    if (!a->archive_path || !a->archive)
        return;
    for (int i = 0; i < a->root_count; i++) {
        const char *hidden = arena_printf(&c->arena, "%s%s", a->roots[i], a->archive_path);
        if (stat(hidden, &st) == 0)
            check_note(c, mend, "the address %s is the archive's, and %s can no longer be reached",
                       a->archive_path, hidden);
    }
    for (int i = 0; i < a->alias_count; i++)
        if (strcmp(a->aliases[i].path, a->archive_path) == 0 &&
            strcmp(a->aliases[i].folder, a->archive) != 0)
            check_note(c, mend, "the address %s is the archive's, and an Alias of %s as well",
                       a->archive_path, a->aliases[i].folder);
}

/* false: Apache runs none of them, so that its numbers say nothing. */
static bool check_variant(struct check *c)
{
    const struct apache *a = &c->apache;
    bool by_fcgid =
        (a->hook.served && !a->hook.by_socket) || (a->pages.served && !a->pages.by_socket);
    if (by_fcgid && !a->has_fcgid) {
        check_error(c, "apt install libapache2-mod-fcgid, a2enmod fcgid, and restart Apache.",
                    "Apache is to run our programs, and mod_fcgid is not loaded");
        return false;
    }
    if (c->config->sender_count > 0 && a->hook.served && a->pages.served && by_fcgid)
        check_note(c,
                   "The sockets' variant (mod_proxy_fcgi) gives each a user of its own: "
                   "hook.fcgi(8).",
                   "variant mod_fcgid: hook.fcgi and pages.fcgi both run as %s, so pages.fcgi "
                   "could read the senders' secrets",
                   a->user ? a->user : "one user");
    if (a->hook.by_socket && a->pages.by_socket)
        check_note(c, "Nothing to do.",
                   "variant mod_proxy_fcgi: hook.fcgi and pages.fcgi run by sockets, each as a "
                   "user of its own");
    return true;
}

/* How many processes wait on a program's socket is for systemd to say: its enabled units. */
static void count_units(struct check *c, struct apache_program *p, const char *name, int usual)
{
    glob_t found = {0};
    if (!p->served || !p->by_socket)
        return;
    glob(arena_printf(&c->arena, "%s/*.target.wants/deb-status-%s@*.service", c->units, name), 0,
         NULL, &found);
    p->max_processes = (int)found.gl_pathc;
    globfree(&found);
    if (p->max_processes == 0)
        check_note(c,
                   arena_printf(&c->arena,
                                "`systemctl enable --now deb-status-%s@{1..%d}`, unless something "
                                "else starts them.",
                                name, usual),
                   "Apache looks for %s.fcgi at a socket, and systemd has no process of it enabled",
                   name);
}

void check_apache(struct check *c)
{
    const char *path = c->apache_path ? c->apache_path : APACHE_DEFAULT_PATH;
    struct err e = {0};
    if (apache_read(path, &c->arena, &c->apache, &e)) {
        if (c->apache_path || e.code != ERR_NOT_FOUND)
            check_error(c, "Give the main file of Apache's configuration with --apache.", "%s",
                        e.text);
        else
            check_note(c, "Nothing to do where another host serves the pages.",
                       "no Apache here (%s)", path);
        return;
    }
    c->has_apache = c->apache.hook.served || c->apache.pages.served;
    if (!c->has_apache) {
        check_note(c,
                   "a2enconf deb-status and reload it, unless another host serves the pages "
                   "(--apache FILE names another configuration).",
                   "Apache here (%s) serves neither hook.fcgi nor pages.fcgi", path);
        return;
    }
    if (check_variant(c)) {
        count_units(c, &c->apache.hook, "hook", 16);
        count_units(c, &c->apache.pages, "pages", 24);
        check_second(c, &c->apache.hook, "hook.fcgi");
        check_second(c, &c->apache.pages, "pages.fcgi");
        check_limits(c);
    } else {
        c->apache.max_class_processes = 0;
    }
    check_archive(c);
    check_hidden(c);
}
