// SPDX-License-Identifier: Apache-2.0
/* check: where releases are read from, as far as that can be told without asking anybody. */
#include <string.h>
#include <unistd.h>

#include "core/admin/check.h"
#include "core/base/buf.h"
#include "core/base/file.h"
#include "core/upstream/list_file.h"
#include "core/upstream/upstreams.h"

#define LIST_BYTES_MAX ((size_t)2 << 20)
#define CERTIFICATES   "/etc/ssl/certs/ca-certificates.crt"

static void check_path(struct check *c, const char *name, const char *path)
{
    const char *worker = check_worker_user(c);
    if (access(path, F_OK) != 0 && !check_is_closed(c, path))
        check_error(c, "Name one that is there.", "%s: there is no %s", name, path);
    else if (!check_can(worker, path, CHECK_READ))
        check_error(c, "chmod a+rX it and what is above it.", "%s: user %s cannot read %s", name,
                    worker, path);
}

static void check_list(struct check *c, const char *name, const char *path)
{
    struct buf text = BUF_INIT;
    struct list_entry *entries;
    struct err e = {0};
    size_t count;
    check_path(c, name, path);
    if (access(path, R_OK) != 0)
        return;
    if (file_read(path, LIST_BYTES_MAX, &text, &e) ||
        list_file_parse(&c->arena, buf_str(&text), text.len, &entries, &count, &e)) {
        check_error(c, "Mend the file; deb-status.yaml(5) says what it holds.", "%s: %s: %s", name,
                    path, e.text);
        buf_free(&text);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (entries[i].reason)
            check_error(c, "Mend the entry; its last good value stays until then.", "%s: %s: %s",
                        name, path, entries[i].reason);
    buf_free(&text);
}

static void check_location(struct check *c, const char *name, const char *location)
{
    const char *scheme = strstr(location, "://"), *shown;
    shown = upstreams_public_location(&c->arena, location);
    if (*location == '/' || strncmp(location, "file:///", 8) == 0)
        check_path(c, name, *location == '/' ? location : location + 7);
    else if (!scheme || strncmp(location, "ssh", 3) == 0)
        check_error(c, "Take an https address, or a path.",
                    "%s: %s would be fetched over ssh, which is not possible", name, shown);
    else if (strncmp(location, "https://", 8) == 0 && access(CERTIFICATES, R_OK) != 0)
        check_error(c, "apt install ca-certificates.", "%s: no certificate can be verified", name);
    else if (strncmp(location, "http://", 7) == 0 || strncmp(location, "git://", 6) == 0)
        check_note(c, "Take an https address.", "%s: %s is fetched unprotected", name, shown);
}

void check_upstreams(struct check *c)
{
    struct upstream *all;
    size_t count = upstreams_of(c->config, &c->arena, &all);
    for (size_t i = 0; i < count; i++) {
        const struct config_upstream *u = all[i].config;
        if (u->path)
            check_list(c, all[i].name, u->path);
        else if (u->repository_count == 0)
            check_location(c, all[i].name, u->repository);
        for (size_t k = 0; k < u->repository_count; k++)
            check_location(c, all[i].name, u->repositories[k].location);
    }
}
