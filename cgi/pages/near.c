// SPDX-License-Identifier: Apache-2.0
/* Names near to one that does not exist: edit distance (Wagner and Fischer), bounded. */
#include <ctype.h>
#include <string.h>

#include "cgi/pages/pages.h"

#define NAME_MAX_BYTES 80

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1], la = strlen(a), lb = strlen(b);
    if (la > NAME_MAX_BYTES || lb > NAME_MAX_BYTES)
        return NAME_MAX_BYTES;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            row[j] = least(diagonal + !same, least(row[j], row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[lb];
}

/* A name's last part counts as well: `nova` is near to team/nova. */
static size_t score(const char *asked, const char *name)
{
    const char *last = strrchr(name, '/'), *asked_last = strrchr(asked, '/');
    size_t whole = distance(asked, name);
    size_t part = distance(asked_last ? asked_last + 1 : asked, last ? last + 1 : name) + 1;
    return least(whole, part);
}

size_t near_names(const char *asked, const char *const *names, size_t count, size_t out[],
                  size_t max)
{
    size_t n = 0, scores[16];
    size_t limit = strlen(asked) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t s = score(asked, names[i]);
        if (s > limit || max == 0 || max > 16)
            continue;
        size_t at = n;
        while (at > 0 && scores[at - 1] > s)
            at--;
        if (at == max)
            continue;
        n += n < max;
        for (size_t j = n - 1; j > at; j--) {
            scores[j] = scores[j - 1];
            out[j] = out[j - 1];
        }
        scores[at] = s;
        out[at] = i;
    }
    return n;
}
