// SPDX-License-Identifier: Apache-2.0
#include "core/archive/published.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/format/deb822.h"

#define RECORD_MAX ((size_t)64 << 10)

enum field {
    GENERATION,
    MIRROR,
    HOST_SHA256,
    HOST_DATE,
    NEWEST_HOST_SHA256,
    NEWEST_HOST_DATE,
    PUBLISHED,
    SIGNING_KEY,
    ROLLED_BACK_TO,
    CONTENT_OF,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    "Generation",       "Mirror",    "Host-SHA256", "Host-Date",      "Newest-Host-SHA256",
    "Newest-Host-Date", "Published", "Signing-Key", "Rolled-Back-To", "Content-Of"};

static int64_t number(struct deb822_text t)
{
    char digits[24];
    if (!t.data || t.len >= sizeof digits)
        return 0;
    memcpy(digits, t.data, t.len);
    digits[t.len] = '\0';
    return strtoll(digits, NULL, 10);
}

static bool parse_record(struct arena *a, const struct buf *text, struct published_record *r)
{
    struct deb822_reader reader;
    struct deb822_text f[FIELD_COUNT];
    struct err why = {0};
    int line;
    deb822_open(&reader, buf_str(text), text->len);
    if (deb822_next(&reader, field_names, f, FIELD_COUNT, &line, &why) != 1 ||
        f[HOST_SHA256].len != SHA256_HEX - 1 || f[NEWEST_HOST_SHA256].len != SHA256_HEX - 1 ||
        number(f[GENERATION]) <= 0)
        return false;
    r->generation = (int)number(f[GENERATION]);
    r->mirror = arena_strndup(a, f[MIRROR].data ? f[MIRROR].data : "", f[MIRROR].len);
    memcpy(r->host_sha256, f[HOST_SHA256].data, SHA256_HEX - 1);
    memcpy(r->newest_host_sha256, f[NEWEST_HOST_SHA256].data, SHA256_HEX - 1);
    r->host_date = (time_t)number(f[HOST_DATE]);
    r->newest_host_date = (time_t)number(f[NEWEST_HOST_DATE]);
    r->published = (time_t)number(f[PUBLISHED]);
    if (f[SIGNING_KEY].len == SHA256_HEX - 1)
        memcpy(r->signing_key, f[SIGNING_KEY].data, SHA256_HEX - 1);
    r->rolled_back_to = (int)number(f[ROLLED_BACK_TO]);
    r->content_of = (int)number(f[CONTENT_OF]);
    return true;
}

int published_write_record(struct arena *a, const struct place *p, const char *suite,
                           const char *id, const struct published_record *r, struct err *e)
{
    const char *folder = place_records(a, p, suite);
    const char *text =
        arena_printf(a,
                     "Generation: %d\nMirror: %s\nHost-SHA256: %s\nHost-Date: %" PRId64
                     "\nNewest-Host-SHA256: %s\nNewest-Host-Date: %" PRId64 "\nPublished: %" PRId64
                     "\nSigning-Key: %s\nRolled-Back-To: %d\nContent-Of: %d\n",
                     r->generation, r->mirror, r->host_sha256, (int64_t)r->host_date,
                     r->newest_host_sha256, (int64_t)r->newest_host_date, (int64_t)r->published,
                     r->signing_key, r->rolled_back_to, r->content_of);
    if (file_make_dirs(folder, 0755, e))
        return -1;
    return file_write(arena_printf(a, "%s/%s", folder, id), text, strlen(text), 0644, e);
}

int published_id(struct arena *a, const char *folder, char id[SHA256_HEX], bool *inline_signed,
                 time_t *mtime, struct err *e)
{
    static const char *const names[] = {"InRelease", "Release"};
    for (int i = 0; i < 2; i++) {
        struct hash_sums sums;
        struct stat st;
        int fd =
            open(arena_printf(a, "%s/%s", folder, names[i]), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
            continue;
        int rc = fstat(fd, &st) ? err_errno(e, "reading the published %s", names[i])
                                : hash_fd(fd, 1U << HASH_SHA256, &sums, e);
        close(fd);
        if (rc)
            return -1;
        memcpy(id, sums.hex[HASH_SHA256], SHA256_HEX);
        *inline_signed = i == 0;
        *mtime = st.st_mtime;
        return 0;
    }
    return err_set(e, ERR_NOT_FOUND, "nothing is published there");
}

int published_read(struct arena *a, const struct place *p, const char *suite, const char *folder,
                   struct published *out, struct err *e)
{
    struct buf record = BUF_INIT;
    struct err why = {0};
    memset(out, 0, sizeof *out);
    if (published_id(a, folder, out->id, &out->inline_signed, &out->mtime, &why)) {
        if (why.code == ERR_NOT_FOUND)
            return 0;
        *e = why;
        return -1;
    }
    /* Release is always there, also if the host has InRelease alone: it is what was signed */
    if (file_read(arena_printf(a, "%s/Release", folder), RELEASE_BYTES_MAX, &out->text, e) ||
        release_parse(a, buf_str(&out->text), out->text.len, &out->release, e))
        return err_context(e, "the published Release of %s", suite);
    out->exists = true;
    const char *path = arena_printf(a, "%s/%s", place_records(a, p, suite), out->id);
    if (file_read(path, RECORD_MAX, &record, &why) == 0)
        out->recorded = parse_record(a, &record, &out->record);
    buf_free(&record);
    return 0;
}

void published_free(struct published *p)
{
    buf_free(&p->text);
}
