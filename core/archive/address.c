// SPDX-License-Identifier: Apache-2.0
#include "core/archive/address.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/proc.h"

#define DAEMON       "rsync://"
#define PORT_SSH     22
#define PORT_DNS     53
#define PORT_RSYNC   873
#define LOOK_UP_MS   30000 /* three name servers, two tries of 5 s each (resolv.conf(5)) */
#define MEMORY_BYTES ((int64_t)256 << 20)

/* HOST, HOST:PORT or [HOST]:PORT, `len` bytes of them. */
static void read_host(struct arena *a, const char *text, size_t len, struct address *out)
{
    const char *end = text + len, *from = text, *to;
    if (*text == '[') /* of IPv6 */
        to = memchr(++from, ']', len - 1);
    else
        to = memchr(text, ':', len);
    out->host = arena_strndup(a, from, (size_t)((to ? to : end) - from));
    const char *colon = to ? memchr(to, ':', (size_t)(end - to)) : NULL;
    long port = colon ? strtol(colon + 1, NULL, 10) : 0;
    if (port > 0 && port <= UINT16_MAX)
        out->port = (uint16_t)port;
}

struct address address_read(struct arena *a, const char *from)
{
    struct address out = {.kind = ADDRESS_PATH, .user = "", .path = from};
    const char *colon = strchr(from, ':'), *bracket = strchr(from, '[');
    size_t len;
    if (bracket && colon && bracket < colon && (colon = strstr(colon, "]:")))
        colon++;
    if (strncmp(from, DAEMON, strlen(DAEMON)) == 0) {
        out.kind = ADDRESS_DAEMON;
        from += strlen(DAEMON);
        len = strcspn(from, "/");
        out.port = PORT_RSYNC;
        out.path = from + len;
    } else if (colon && !memchr(from, '/', (size_t)(colon - from))) { /* rsync(1) */
        out.kind = ADDRESS_SSH;
        len = (size_t)(colon - from);
        out.port = PORT_SSH;
        out.path = colon + 1;
    } else {
        return out;
    }
    const char *at = memchr(from, '@', len);
    if (at) {
        size_t user = (size_t)(at + 1 - from);
        out.user = arena_strndup(a, from, user);
        from += user;
        len -= user;
    }
    read_host(a, from, len, &out);
    return out;
}

struct list {
    char (*out)[ADDRESS_SIZE];
    size_t *count;
};

/* "192.0.2.7 STREAM name" */
static int take_line(void *data, const char *line, size_t len)
{
    struct list *list = data;
    size_t n = strcspn(line, " ");
    (void)len;
    if (n > 0 && n < ADDRESS_SIZE && *list->count < ADDRESSES_MAX && strstr(line + n, " STREAM")) {
        memcpy(list->out[*list->count], line, n);
        list->out[(*list->count)++][n] = '\0';
    }
    return 0;
}

int address_look_up(const char *host, const int *keep_fds, int64_t deadline_ms,
                    char out[ADDRESSES_MAX][ADDRESS_SIZE], size_t *count, struct err *e)
{
    const uint16_t ports[] = {PORT_DNS, 0}; /* for answers that are too long for a datagram */
    const struct sandbox_rules rules = {.ports = ports, .alone = true};
    const char *const argv[] = {"getent", "--", "ahosts", host, NULL};
    struct sandbox sandbox;
    struct proc_result r = {0};
    *count = 0;
    if (sandbox_open(&sandbox, &rules, e))
        return -1;
    sandbox.memory_max_bytes = MEMORY_BYTES;
    sandbox.sockets = SANDBOX_TCP_UDP;
    struct proc_spec spec = {.argv = argv,
                             .keep_fds = keep_fds,
                             .deadline_ms = deadline_ms < LOOK_UP_MS ? deadline_ms : LOOK_UP_MS,
                             .sandbox = &sandbox,
                             .on_line = take_line,
                             .data = &(struct list){out, count}};
    int rc = proc_run(&spec, &r, e);
    sandbox_close(&sandbox);
    if (r.timed_out)
        rc = err_set(e, ERR_TRANSIENT, "no name server says in time where the build host is");
    else if (rc == 0 && *count == 0)
        rc = err_set(e, ERR_TRANSIENT, "the build host's name is unknown");
    if (rc && !*e->detail) {
        struct buf words = BUF_INIT;
        buf_addf(&words, "getent ahosts %s: %s", host, r.err.len ? buf_str(&r.err) : "no address");
        err_detail(e, buf_str(&words), (long)words.len);
        buf_free(&words);
    }
    proc_result_free(&r);
    return rc;
}
