// SPDX-License-Identifier: Apache-2.0
#include "core/archive/keyring.h"

#include <string.h>

#include "core/base/file.h"

#define KEY_BYTES_MAX ((size_t)1 << 20)

static int write_changed(struct arena *a, const char *root, const char *name,
                         const struct buf *want, struct err *e)
{
    const char *path = arena_printf(a, "%s/%s", root, name);
    struct buf has = BUF_INIT;
    struct err why = {0};
    bool same = file_read(path, KEY_BYTES_MAX, &has, &why) == 0 && has.len == want->len &&
                memcmp(buf_str(&has), buf_str(want), has.len) == 0;
    buf_free(&has);
    return same ? 0 : file_write(path, buf_str(want), want->len, 0644, e);
}

int keyring_publish(struct run *r, struct err *e)
{
    struct buf binary = BUF_INIT, armoured = BUF_INIT;
    int rc = 0;
    if (r->signer)
        rc = signer_public_key(r->signer, &binary, &armoured, e) ||
             write_changed(r->a, r->place.root, "archive-keyring.gpg", &binary, e) ||
             write_changed(r->a, r->place.root, "archive-keyring.asc", &armoured, e);
    buf_free(&binary);
    buf_free(&armoured);
    return rc ? -1 : 0;
}
