// SPDX-License-Identifier: Apache-2.0
/* A loaded configuration's texts in an anonymous file: name and text of each, with lengths. */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/config/reader.h"

#define SAVED_MAX ((size_t)256 << 20)

static void add_part(struct buf *out, const char *data, size_t len)
{
    uint64_t length = len;
    buf_add(out, &length, sizeof(length));
    buf_add(out, data, len);
}

int config_save(const struct config *c, struct err *e)
{
    struct buf data = BUF_INIT;
    int fd = memfd_create("deb-status configuration", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    for (size_t i = 0; i < c->texts->count; i++) {
        const struct config_text *t = &c->texts->items[i];
        add_part(&data, t->name, strlen(t->name));
        add_part(&data, t->text, t->len);
    }
    /* Sealed: no job can change what others run with. */
    if (fd < 0 || file_write_all(fd, data.data, data.len) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        err_errno(e, "keep the configuration");
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    buf_free(&data);
    return fd;
}

static const char *take_part(struct arena *a, const char **at, const char *end, size_t *len)
{
    uint64_t length;
    if ((size_t)(end - *at) < sizeof(length))
        return NULL;
    memcpy(&length, *at, sizeof(length));
    *at += sizeof(length);
    if (length > (size_t)(end - *at))
        return NULL;
    const char *text = arena_strndup(a, *at, (size_t)length);
    *len = (size_t)length;
    *at += length;
    return text;
}

static int parse_texts(struct arena *a, const char *data, size_t len, struct config_texts *out,
                       struct err *e)
{
    const char *at = data, *end = data + len;
    size_t room = len / (2 * sizeof(uint64_t)) + 1, unused;
    out->count = 0;
    out->items = arena_alloc(a, room * sizeof(*out->items));
    while (at < end) {
        struct config_text *t = &out->items[out->count++];
        t->name = take_part(a, &at, end, &unused);
        t->text = t->name ? take_part(a, &at, end, &t->len) : NULL;
        if (t->text == NULL)
            return err_set(e, ERR_INPUT, "the kept configuration is not complete");
    }
    return out->count ? 0 : err_set(e, ERR_INPUT, "the kept configuration is empty");
}

struct config *config_load_saved(int fd, struct err *e)
{
    struct buf data = BUF_INIT;
    struct arena arena = ARENA_INIT;
    struct config_texts texts;
    struct config *c = NULL;
    ssize_t n;
    /* pread: the offset is shared with all who inherited the descriptor */
    while ((n = pread(fd, buf_reserve(&data, 65536), 65536, (off_t)data.len)) > 0 &&
           data.len < SAVED_MAX)
        data.len += (size_t)n;
    if (n < 0)
        err_errno(e, "read the kept configuration");
    else if (parse_texts(&arena, buf_str(&data), data.len, &texts, e) == 0)
        c = config_load_texts(&texts, e);
    arena_free(&arena);
    buf_free(&data);
    return c;
}
