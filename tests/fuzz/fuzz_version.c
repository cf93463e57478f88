// SPDX-License-Identifier: Apache-2.0
/* Version rules: two lines are two versions; their keys are in dpkg's order. */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int order(int c)
{
    return isdigit(c) ? 0 : isalpha(c) ? c : c == '~' ? -1 : c ? c + 256 : 0;
}

/* dpkg's comparison of two parts (Policy 5.6.12). */
static int compare_part(const char *a, const char *b)
{
    while (*a || *b) {
        int first = 0;
        while ((*a && !isdigit((unsigned char)*a)) || (*b && !isdigit((unsigned char)*b))) {
            int x = order((unsigned char)*a), y = order((unsigned char)*b);
            if (x != y)
                return x - y;
            a += *a != '\0';
            b += *b != '\0';
        }
        a += strspn(a, "0");
        b += strspn(b, "0");
        for (; isdigit((unsigned char)*a) && isdigit((unsigned char)*b); a++, b++)
            first = first ? first : *a - *b;
        if (isdigit((unsigned char)*a) || isdigit((unsigned char)*b))
            return isdigit((unsigned char)*a) ? 1 : -1;
        if (first)
            return first;
    }
    return 0;
}

static int compare(const char *a, const char *b)
{
    char *parts[2][3];
    const char *versions[2] = {a, b};
    int r = 0;
    for (int i = 0; i < 2; i++) {
        const char *colon = strchr(versions[i], ':');
        parts[i][0] = colon ? strndup(versions[i], (size_t)(colon - versions[i])) : strdup("");
        parts[i][1] = strdup(colon ? colon + 1 : versions[i]);
        char *hyphen = strrchr(parts[i][1], '-');
        parts[i][2] = strdup(hyphen ? hyphen + 1 : "");
        if (hyphen)
            *hyphen = '\0';
    }
    for (int i = 0; i < 3; i++)
        r = r ? r : compare_part(parts[0][i], parts[1][i]);
    for (int i = 0; i < 6; i++)
        free(parts[i / 3][i % 3]);
    return r;
}

static void check_rules(const char *version)
{
    enum version_kind kind;
    struct buf form = BUF_INIT, part = BUF_INIT;
    struct err e = {0};
    if (version_from_upstream(version, &kind, &form, &e) == 0) {
        if ((kind == VERSION_END) != (form.len == 0) ||
            (kind == VERSION_PRERELEASE) != (strchr(buf_str(&form), '~') != NULL))
            __builtin_trap();
    } else if (form.len != 0 || e.text[0] == '\0') {
        __builtin_trap();
    }
    /* a pre-release in upstream's spelling grows: 1c1 becomes 1~rc1 */
    if (version_upstream_part(version, &part, &e) == 0 && part.len > 3 * strlen(version))
        __builtin_trap();
    version_is_patched(version);
    buf_free(&form);
    buf_free(&part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size), *second = strchr(text, '\n');
    struct buf a = BUF_INIT, b = BUF_INIT;
    if (second)
        *second++ = '\0';
    check_rules(text);
    if (second && version_key(text, &a, NULL) == 0 && version_key(second, &b, NULL) == 0) {
        int r = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
        int got = r ? r : (a.len > b.len) - (a.len < b.len), want = compare(text, second);
        if ((got > 0) != (want > 0) || (got < 0) != (want < 0))
            __builtin_trap();
    }
    buf_free(&a);
    buf_free(&b);
    free(text);
    return 0;
}
