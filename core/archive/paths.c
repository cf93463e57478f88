// SPDX-License-Identifier: Apache-2.0
#include "core/archive/paths.h"

#include <string.h>

#define COMPONENT_MAX 255

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_component_char(char c)
{
    return is_alnum(c) || (c != '\0' && strchr("+.~_%-", c));
}

bool paths_is_safe(const char *name, size_t len)
{
    size_t start = 0;
    if (len == 0 || len > PATHS_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (name[i] == '/') {
            if (i == start)
                return false;
            start = i + 1;
        } else if (i == start ? !is_alnum(name[i]) : !is_component_char(name[i])) {
            return false;
        } else if (i - start >= COMPONENT_MAX) {
            return false;
        }
    }
    return start < len;
}

static bool ends_with(const char *name, size_t len, const char *end)
{
    size_t n = strlen(end);
    return len > n && memcmp(name + len - n, end, n) == 0;
}

static bool starts_with(const char *name, size_t len, const char *start)
{
    size_t n = strlen(start);
    return len > n && memcmp(name, start, n) == 0;
}

static bool ends_with_any(const char *name, size_t len, const char *const *ends)
{
    for (; *ends; ends++)
        if (ends_with(name, len, *ends))
            return true;
    return false;
}

bool paths_is_pool(const char *name, size_t len)
{
    static const char *const ends[] = {".deb",     ".udeb",    ".ddeb",    ".dsc",      ".tar",
                                       ".tar.gz",  ".tar.bz2", ".tar.xz",  ".tar.lzma", ".tar.zst",
                                       ".diff.gz", ".asc",     ".tar.sig", NULL};
    return starts_with(name, len, "pool/") && paths_is_safe(name, len) &&
           ends_with_any(name, len, ends);
}

static const char *last_part(const char *name, size_t len)
{
    const char *at = name + len;
    while (at > name && at[-1] != '/')
        at--;
    return at;
}

/* What stands between has no dot: a web server would take Contents-x.html for a page of its own,
 * Contents-x.php for a program. */
static bool is_extra(const char *last, size_t len, const char *start, const char *end)
{
    size_t ends = strlen(end);
    return starts_with(last, len, start) && (!ends || ends_with(last, len, end)) &&
           len > strlen(start) + ends && !memchr(last, '.', len - ends);
}

enum paths_kind paths_index_kind(const char *name, size_t len, size_t *plain_len)
{
    static const char *const compressions[] = {".gz", ".bz2", ".xz", ".lzma", ".zst", NULL};
    *plain_len = len;
    for (const char *const *c = compressions; *c; c++)
        if (ends_with(name, len, *c))
            *plain_len = len - strlen(*c);
    const char *last = last_part(name, *plain_len);
    size_t n = (size_t)(name + *plain_len - last);
    if (n == 8 && memcmp(last, "Packages", n) == 0)
        return PATHS_PACKAGES;
    if (n == 7 && memcmp(last, "Sources", n) == 0)
        return PATHS_SOURCES;
    if (is_extra(last, n, "Contents-", "") || is_extra(last, n, "Translation-", "") ||
        is_extra(last, n, "Components-", ".yml"))
        return PATHS_EXTRA;
    return PATHS_OTHER;
}
