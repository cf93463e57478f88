// SPDX-License-Identifier: Apache-2.0
#include "core/format/deb822.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define PARAGRAPH_MAX ((size_t)4 << 20)

void deb822_open(struct deb822_reader *r, const char *data, size_t len)
{
    *r = (struct deb822_reader){.at = data, .end = data + len, .line = 1};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The end of the line at `at`: its newline, or the end of all. */
static const char *line_end(const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    return newline ? newline : end;
}

static bool is_empty_line(const char *at, const char *stop)
{
    while (at < stop && is_blank(*at))
        at++;
    return at == stop;
}

static struct deb822_text trim(const char *at, const char *stop)
{
    while (at < stop && is_blank(*at))
        at++;
    while (stop > at && is_blank(stop[-1]))
        stop--;
    return (struct deb822_text){at, (size_t)(stop - at)};
}

static void step(struct deb822_reader *r, const char *stop)
{
    r->at = stop < r->end ? stop + 1 : stop;
    r->line++;
}

/* Policy 5.1: printable ASCII but space and colon, not starting with '#' or '-'. */
static bool is_name(const char *at, size_t len)
{
    if (len == 0 || *at == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (at[i] < '!' || at[i] > '~')
            return false;
    return true;
}

static int find_name(const char *const *names, size_t count, const char *at, size_t len)
{
    for (size_t i = 0; i < count; i++)
        if ((names[i][0] | 0x20) == (at[0] | 0x20) && strncasecmp(names[i], at, len) == 0 &&
            names[i][len] == '\0')
            return (int)i;
    return -1;
}

static void skip_between(struct deb822_reader *r)
{
    while (r->at < r->end) {
        const char *stop = line_end(r->at, r->end);
        if (*r->at != '#' && !is_empty_line(r->at, stop))
            return;
        step(r, stop);
    }
}

static void skip_paragraph(struct deb822_reader *r)
{
    while (r->at < r->end) {
        const char *stop = line_end(r->at, r->end);
        bool empty = is_empty_line(r->at, stop);
        step(r, stop);
        if (empty)
            return;
    }
}

static int bad(struct deb822_reader *r, struct err *e, const char *why)
{
    err_set(e, ERR_INPUT, "line %d: %s", r->line, why);
    skip_paragraph(r);
    return -1;
}

struct field {
    struct deb822_text *value; /* NULL: not asked for */
    const char *start;
};

static int start_field(struct deb822_reader *r, const char *stop, const char *const *names,
                       struct deb822_text *values, size_t count, struct field *field,
                       const char **why)
{
    const char *colon = memchr(r->at, ':', (size_t)(stop - r->at));
    if (!colon || !is_name(r->at, (size_t)(colon - r->at))) {
        *why = "expected 'Field: value'";
        return -1;
    }
    int i = find_name(names, count, r->at, (size_t)(colon - r->at));
    field->start = colon + 1;
    field->value = i < 0 ? NULL : &values[i];
    if (field->value && field->value->data) {
        *why = "a field stands twice";
        return -1;
    }
    if (field->value)
        *field->value = trim(field->start, stop);
    return 0;
}

int deb822_next(struct deb822_reader *r, const char *const *names, struct deb822_text *values,
                size_t count, int *line, struct err *e)
{
    memset(values, 0, count * sizeof *values);
    skip_between(r);
    if (line)
        *line = r->line;
    if (r->at >= r->end)
        return 0;
    size_t max = r->paragraph_max ? r->paragraph_max : PARAGRAPH_MAX;
    const char *start = r->at;
    struct field field = {NULL, NULL};
    while (r->at < r->end) {
        const char *stop = line_end(r->at, r->end), *why = NULL;
        if ((size_t)(stop - start) > max)
            return bad(r, e, "the paragraph is too long");
        if (memchr(r->at, '\0', (size_t)(stop - r->at)))
            return bad(r, e, "a NUL");
        if (*r->at == '#') {
            /* a comment may stand within a paragraph, and does not end a value */
        } else if (is_empty_line(r->at, stop)) {
            step(r, stop);
            break;
        } else if (!is_blank(*r->at)) {
            if (start_field(r, stop, names, values, count, &field, &why) != 0)
                return bad(r, e, why);
        } else if (!field.start) {
            return bad(r, e, "a continuation line without its field");
        } else if (field.value) {
            *field.value = trim(field.start, stop);
        }
        step(r, stop);
    }
    return 1;
}

bool deb822_next_line(struct deb822_text *value, struct deb822_text *line)
{
    if (!value->data)
        return false;
    const char *end = value->data + value->len, *stop = line_end(value->data, end);
    *line = trim(value->data, stop);
    value->len = stop < end ? (size_t)(end - stop - 1) : 0;
    value->data = stop < end ? stop + 1 : NULL;
    return true;
}

bool deb822_next_word(struct deb822_text *line, struct deb822_text *word)
{
    const char *at = line->data, *end = line->data + line->len;
    while (at < end && (is_blank(*at) || *at == '\n'))
        at++;
    const char *stop = at;
    while (stop < end && !is_blank(*stop) && *stop != '\n')
        stop++;
    *word = (struct deb822_text){at, (size_t)(stop - at)};
    *line = (struct deb822_text){stop, (size_t)(end - stop)};
    return word->len > 0;
}

bool deb822_equals(struct deb822_text t, const char *s)
{
    return t.data && strlen(s) == t.len && memcmp(t.data, s, t.len) == 0;
}

int deb822_size(struct deb822_text t, int64_t *size)
{
    *size = 0;
    for (size_t i = 0; i < t.len; i++) {
        if (!isdigit((unsigned char)t.data[i]) || *size > INT64_MAX / 100)
            return -1;
        *size = *size * 10 + (t.data[i] - '0');
    }
    return t.len > 0 ? 0 : -1;
}
