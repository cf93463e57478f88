// SPDX-License-Identifier: Apache-2.0
#include "core/archive/control.h"

#include <string.h>

#include "core/base/file.h"
#include "core/base/proc.h"
#include "core/base/sandbox.h"
#include "core/format/deb822.h"

#define TAR_MAX    ((size_t)32 << 20) /* md5sums of many files, some scripts */
#define DSC_MAX    ((size_t)4 << 20)
#define MEMORY_MAX ((int64_t)1 << 30)
#define BLOCK      512

enum { PACKAGE, SOURCE, VERSION, ARCHITECTURE, ESSENTIAL, FIELD_COUNT };

static const char *const field_names[FIELD_COUNT] = {"Package", "Source", "Version", "Architecture",
                                                     "Essential"};

static const char *copy(struct arena *a, struct deb822_text t)
{
    return t.data ? arena_strndup(a, t.data, t.len) : NULL;
}

/* "nova" or "nova (2:32.0.0-1)" */
static const char *name_of_source(struct arena *a, struct deb822_text t)
{
    struct deb822_text name = {0};
    return t.data && deb822_next_word(&t, &name) ? copy(a, name) : NULL;
}

static int read_fields(struct arena *a, const char *text, size_t len, struct control *out,
                       struct err *e)
{
    struct deb822_reader reader;
    struct deb822_text f[FIELD_COUNT], more[FIELD_COUNT];
    int line;
    deb822_open(&reader, text, len);
    int found = deb822_next(&reader, field_names, f, FIELD_COUNT, &line, e);
    if (found <= 0)
        return found < 0 ? -1 : err_set(e, ERR_INPUT, "it has no fields");
    if (deb822_next(&reader, field_names, more, FIELD_COUNT, &line, e) != 0)
        return err_set(e, ERR_INPUT, "it has more than one paragraph");
    *out = (struct control){.package = copy(a, f[PACKAGE]),
                            .source = name_of_source(a, f[SOURCE]),
                            .version = copy(a, f[VERSION]),
                            .architecture = copy(a, f[ARCHITECTURE]),
                            .essential = deb822_equals(f[ESSENTIAL], "yes")};
    if (!out->source)
        out->source = out->package;
    if (!out->architecture)
        out->architecture = "";
    return out->source && out->version
               ? 0
               : err_set(e, ERR_INPUT, "it does not say which package and version it is");
}

/* ---- tar, as far as dpkg-deb writes it ---- */

struct member {
    char name[101];
    char type;
    const char *data;
    size_t len, whole; /* whole: with header and padding */
};

/* Digits up to a space or NUL; nothing of GNU's binary form. */
static int read_octal(const char *p, size_t len, size_t *out)
{
    size_t i = 0;
    *out = 0;
    while (i < len && p[i] == ' ')
        i++;
    for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
        *out = *out * 8 + (size_t)(p[i] - '0');
    return i < len && p[i] != ' ' && p[i] != '\0' ? -1 : 0;
}

static int check_sum(const char *block)
{
    size_t said, sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= 148 && i < 156 ? ' ' : (unsigned char)block[i];
    return read_octal(block + 148, 8, &said) || said != sum ? -1 : 0;
}

static int read_member(const char *tar, size_t len, struct member *m)
{
    size_t size;
    if (len < BLOCK || check_sum(tar) || read_octal(tar + 124, 12, &size) || size > len - BLOCK)
        return -1;
    /* a name in two parts would be another one for who reads it in another way */
    if (memcmp(tar + 257, "ustar\0", 6) == 0 && tar[345] != '\0')
        return -1;
    memcpy(m->name, tar, 100);
    m->name[100] = '\0';
    m->type = tar[156];
    m->data = tar + BLOCK;
    m->len = size;
    size_t padded = (size + BLOCK - 1) / BLOCK * BLOCK;
    m->whole = BLOCK + (padded <= len - BLOCK ? padded : len - BLOCK);
    return 0;
}

static bool is_zero(const char *block)
{
    for (size_t i = 0; i < BLOCK; i++)
        if (block[i])
            return false;
    return true;
}

static bool is_control(const char *name)
{
    while (strncmp(name, "./", 2) == 0 || *name == '/')
        name += *name == '/' ? 1 : 2;
    return strcmp(name, "control") == 0;
}

int control_of_tar(struct arena *a, const char *tar, size_t len, struct control *out, struct err *e)
{
    struct member m, control = {.data = NULL};
    while (len >= BLOCK && !is_zero(tar)) {
        if (read_member(tar, len, &m))
            return err_set(e, ERR_INPUT, "its control archive cannot be read");
        bool file = m.type == '0' || m.type == '\0';
        /* long names, links: dpkg would find another control file than we do */
        if ((!file && m.type != '5') || strstr(m.name, "..") ||
            (file && is_control(m.name) && control.data))
            return err_set(e, ERR_INPUT, "its control archive holds more than plain files");
        if (file && is_control(m.name))
            control = m;
        tar += m.whole;
        len -= m.whole;
    }
    if (!control.data)
        return err_set(e, ERR_INPUT, "it has no control file");
    if (read_fields(a, control.data, control.len, out, e))
        return -1;
    return out->package ? 0 : err_set(e, ERR_INPUT, "its control file has no field Package");
}

/* ---- .dsc ---- */

int control_of_dsc(struct arena *a, const char *text, size_t len, struct control *out,
                   struct err *e)
{
    static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----\n",
                      end[] = "\n-----BEGIN PGP SIGNATURE-----";
    if (len >= sizeof begin - 1 && memcmp(text, begin, sizeof begin - 1) == 0) {
        const char *body = memmem(text, len, "\n\n", 2);
        if (!body)
            return err_set(e, ERR_INPUT, "its signature cannot be read");
        body += 2;
        len -= (size_t)(body - text);
        text = body;
        const char *stop = memmem(text, len, end, sizeof end - 1);
        if (!stop)
            return err_set(e, ERR_INPUT, "its signature cannot be read");
        len = (size_t)(stop - text);
    }
    struct control c;
    if (read_fields(a, text, len, &c, e))
        return -1;
    c.package = NULL;
    *out = c;
    return 0;
}

/* ---- files ---- */

static int take(void *data, const char *piece, size_t len)
{
    struct buf *b = data;
    if (b->len + len > TAR_MAX)
        return 1;
    buf_add(b, piece, len);
    return 0;
}

static int unpack(const struct control_source *from, const char *path, struct buf *tar,
                  struct err *e)
{
    struct sandbox sandbox;
    struct proc_result r = {0};
    const uint16_t no_port = 0;
    const char *const readable[] = {from->folder, NULL};
    const struct sandbox_rules rules = {.readable = readable, .ports = &no_port, .alone = true};
    const char *const argv[] = {"dpkg-deb", "--ctrl-tarfile", path, NULL};
    if (sandbox_open(&sandbox, &rules, e))
        return -1;
    sandbox.memory_max_bytes = MEMORY_MAX;
    sandbox.sockets = SANDBOX_NO_SOCKETS;
    struct proc_spec spec = {.argv = argv,
                             .keep_fds = from->keep_fds,
                             .deadline_ms = from->deadline_ms,
                             .sandbox = &sandbox,
                             .on_data = take,
                             .data = tar};
    int rc = proc_run(&spec, &r, e);
    sandbox_close(&sandbox);
    if (r.cancelled)
        rc = err_set(e, ERR_INPUT, "its control archive is too large");
    else if (rc == 0 && r.exit_code != 0)
        rc = err_set(e, ERR_INPUT, "it is no Debian package");
    if (rc && r.err.len)
        err_detail(e, buf_str(&r.err), (long)r.err.len);
    proc_result_free(&r);
    return rc;
}

int control_read(struct arena *a, const struct control_source *from, struct control *out,
                 struct err *e)
{
    struct buf text = BUF_INIT;
    const char *path = arena_printf(a, "%s/%s", from->folder, from->name);
    size_t len = strlen(path);
    int rc;
    if (len > 4 && strcmp(path + len - 4, ".dsc") == 0)
        rc = file_read(path, DSC_MAX, &text, e) ||
             control_of_dsc(a, buf_str(&text), text.len, out, e);
    else
        rc = unpack(from, path, &text, e) || control_of_tar(a, buf_str(&text), text.len, out, e);
    buf_free(&text);
    return rc ? -1 : 0;
}
