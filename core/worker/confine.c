// SPDX-License-Identifier: Apache-2.0
#include "core/worker/confine.h"

#include <stdlib.h>
#include <string.h>

#include "core/archive/place.h"
#include "core/base/file.h"
#include "core/base/sandbox.h"

static int apply(const struct sandbox_rules *rules, struct err *e)
{
    struct sandbox sandbox;
    if (sandbox_open(&sandbox, rules, e))
        return -1;
    int rc = sandbox_enter(&sandbox) ? err_errno(e, "apply the rules for the disk") : 0;
    sandbox_close(&sandbox);
    return rc;
}

static const char *temporary_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    return tmp && *tmp ? tmp : "/tmp";
}

int confine_writes(const struct config *config, bool archive, struct arena *a, struct err *e)
{
    const char *writable[5] = {temporary_folder(), config->data};
    const struct sandbox_rules rules = {.writable = writable, .reads_all = true};
    if (archive && config->publish_root) {
        struct place place = place_of(a, config->publish_root);
        writable[2] = place.root;
        writable[3] = place.work;
    }
    /* a folder that the job would make has to be there before the rule */
    for (size_t i = 0; writable[i]; i++)
        file_make_dirs(writable[i], 0755, NULL);
    return apply(&rules, e);
}

static bool is_on_this_host(const char *location)
{
    return location && (!strstr(location, "://") || strncmp(location, "file://", 7) == 0);
}

static bool reads_local_repository(const struct config_upstream *u)
{
    for (size_t i = 0; i < u->repository_count; i++)
        if (is_on_this_host(u->repositories[i].location))
            return true;
    return strcmp(u->kind, UPSTREAM_RELEASES) == 0 && is_on_this_host(u->repository);
}

int confine_upstreams(const struct config *config, const struct upstream *upstreams, size_t count,
                      struct arena *a, struct err *e)
{
    const char *writable[] = {temporary_folder(), config->data, NULL};
    const char **readable = arena_alloc(a, (count + 2) * sizeof *readable);
    const struct sandbox_rules rules = {.readable = readable, .writable = writable};
    size_t n = 0;
    readable[n++] = "/proc/self";
    for (size_t i = 0; i < count; i++) {
        const struct config_upstream *u = upstreams[i].config;
        if (reads_local_repository(u))
            return 0;
        if (u->path)
            readable[n++] = u->path;
    }
    readable[n] = NULL;
    return apply(&rules, e);
}
