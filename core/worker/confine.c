// SPDX-License-Identifier: Apache-2.0
#include "core/worker/confine.h"

#include <stdlib.h>

#include "core/archive/place.h"
#include "core/base/file.h"
#include "core/base/sandbox.h"

int confine_writes(const struct config *config, bool archive, struct arena *a, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    const char *writable[5] = {tmp && *tmp ? tmp : "/tmp", config->data};
    const struct sandbox_rules rules = {.writable = writable, .reads_all = true};
    struct sandbox sandbox;
    if (archive && config->publish_root) {
        struct place place = place_of(a, config->publish_root);
        writable[2] = place.root;
        writable[3] = place.work;
    }
    /* a folder that the job would make has to be there before the rule */
    for (size_t i = 0; writable[i]; i++)
        file_make_dirs(writable[i], 0755, NULL);
    if (sandbox_open(&sandbox, &rules, e))
        return -1;
    int rc = sandbox_enter(&sandbox) ? err_errno(e, "apply the rules for the disk") : 0;
    sandbox_close(&sandbox);
    return rc;
}
