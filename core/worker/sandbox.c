// SPDX-License-Identifier: Apache-2.0
#include "core/worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/archive/place.h"
#include "core/base/file.h"

#ifndef LANDLOCK_ACCESS_FS_TRUNCATE /* headers before Linux 6.2 */
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

/* The second version lets files be moved from one allowed folder to another; the first forbids it
 * everywhere, and an archive cannot be published so. */
enum { VERSION_MIN = 2, VERSION_TRUNCATE = 3 };

#define WRITE_FILES                                                                                \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                               \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM |   \
     LANDLOCK_ACCESS_FS_REFER)
#define NEVER (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)

static int allow(int ruleset, const char *path, uint64_t access, struct err *e)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return err_errno(e, "open %s", path);
    long rc = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    if (rc)
        err_errno(e, "allow writing below %s", path);
    close(rule.parent_fd);
    return rc ? -1 : 0;
}

/* A folder that a job would make has to be there before the rule. */
static int allow_folder(int ruleset, const char *path, uint64_t access, struct err *e)
{
    if (file_make_dirs(path, 0755, NULL))
        return 0;
    return allow(ruleset, path, access, e);
}

static int allow_all(int ruleset, const struct config *config, bool archive, struct arena *a,
                     uint64_t write, struct err *e)
{
    const char *tmp = getenv("TMPDIR");
    uint64_t file = write & (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE);
    if (allow(ruleset, "/dev/null", file, e) ||
        allow_folder(ruleset, tmp && *tmp ? tmp : "/tmp", write, e) ||
        allow_folder(ruleset, config->data, write, e))
        return -1;
    if (!archive || !config->publish_root)
        return 0;
    struct place place = place_of(a, config->publish_root);
    return allow_folder(ruleset, place.root, write, e)
               ? -1
               : allow_folder(ruleset, place.work, write, e);
}

int sandbox_apply(const struct config *config, bool archive, struct arena *a, struct err *e)
{
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < VERSION_MIN)
        return 0;
    uint64_t write = WRITE_FILES | (version >= VERSION_TRUNCATE ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
    struct landlock_ruleset_attr attr = {.handled_access_fs = write | NEVER};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (ruleset < 0)
        return err_errno(e, "make rules for the disk");
    int rc = allow_all(ruleset, config, archive, a, write, e);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0))
        rc = err_errno(e, "apply the rules for the disk");
    close(ruleset);
    return rc;
}
