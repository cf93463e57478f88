// SPDX-License-Identifier: Apache-2.0
#include "core/archive/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/file.h"
#include "core/base/proc.h"
#include "core/base/sandbox.h"

#define HELPER     "/usr/lib/apt/apt-helper"
#define MEMORY_MAX ((int64_t)1 << 30)

struct sink {
    struct hash_state *hash;
    int64_t size, size_max;
    int fd, number; /* fd -1: not written; number: errno of a failed write */
};

static int take(void *data, const char *piece, size_t len)
{
    struct sink *s = data;
    s->size += (int64_t)len;
    if (s->size > s->size_max)
        return 1;
    hash_add(s->hash, piece, len);
    if (s->fd < 0 || file_write_all(s->fd, piece, len) == 0)
        return 0;
    s->number = errno;
    return 1;
}

static int run(const struct unpack *u, struct sink *s, struct err *e)
{
    struct arena a = ARENA_INIT;
    struct sandbox sandbox;
    struct proc_result r = {0};
    const char *const readable[] = {u->folder, NULL};
    const uint16_t no_port = 0;
    const struct sandbox_rules rules = {.readable = readable, .ports = &no_port, .alone = true};
    const char *const argv[] = {HELPER, "cat-file", arena_printf(&a, "%s/%s", u->folder, u->name),
                                NULL};
    /* no settings of the machine's apt: it may not even read them */
    const char *const env[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "APT_CONFIG=/dev/null",
                               NULL};
    int rc = -1;
    if (sandbox_open(&sandbox, &rules, e))
        goto out;
    sandbox.memory_max_bytes = MEMORY_MAX;
    sandbox.sockets = SANDBOX_NO_SOCKETS;
    struct proc_spec spec = {.argv = argv,
                             .env = env,
                             .keep_fds = u->keep_fds,
                             .deadline_ms = u->deadline_ms,
                             .sandbox = &sandbox,
                             .on_data = take,
                             .data = s};
    rc = proc_run(&spec, &r, e);
    sandbox_close(&sandbox);
    if (s->number) {
        errno = s->number;
        rc = err_errno(e, "writing an unpacked index");
    } else if (s->size > s->size_max) {
        rc = err_set(e, ERR_INPUT, "%s unpacks to more than it should", u->name);
    } else if (rc == 0 && r.exit_code != 0) {
        rc = err_set(e, ERR_INPUT, "%s cannot be unpacked", u->name);
        err_detail(e, buf_str(&r.err), (long)r.err.len);
    }
    proc_result_free(&r);
out:
    arena_free(&a);
    return rc;
}

int unpack_file(const struct unpack *u, struct hash_sums *sums, struct err *e)
{
    struct sink s = {.size_max = u->size_max, .fd = -1};
    if (u->to) {
        unlink(u->to); /* a file of another name may be the same, or a mapping of it be in use */
        s.fd = open(u->to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (s.fd < 0)
            return err_errno(e, "creating an unpacked index");
    }
    s.hash = hash_begin(1U << HASH_SHA256);
    int rc = run(u, &s, e);
    hash_end(s.hash, sums);
    if (s.fd >= 0 && close(s.fd) && rc == 0)
        rc = err_errno(e, "writing an unpacked index");
    if (rc && u->to)
        unlink(u->to);
    return rc;
}
