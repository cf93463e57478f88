// SPDX-License-Identifier: Apache-2.0
#include "core/rules/mask.h"

#include <ctype.h>
#include <string.h>

static const char *const prefixes[] = {"type", "team", "model"};

/* The field of a pattern; *rest is what the field is matched with. NULL: an unknown prefix. */
static const char *field_of(const char *pattern, const char **rest)
{
    const char *colon = strchr(pattern, ':');
    *rest = pattern;
    if (colon == NULL)
        return strchr(pattern, '/') != NULL ? "repo" : "deliverable";
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strlen(prefixes[i]) == (size_t)(colon - pattern) &&
            strncmp(pattern, prefixes[i], strlen(prefixes[i])) == 0) {
            *rest = colon + 1 + strspn(colon + 1, " ");
            return prefixes[i];
        }
    return NULL;
}

static void add_glob_char(struct buf *regex, char c)
{
    if (c == '*') {
        buf_add_str(regex, ".*");
    } else if (c == '?') {
        buf_add_char(regex, '.');
    } else {
        if (ispunct((unsigned char)c) && c != '_')
            buf_add_char(regex, '\\');
        buf_add_char(regex, c);
    }
}

int mask_compile(const char *pattern, const char **field, struct buf *regex, struct err *e)
{
    const char *rest;
    const char *found = field_of(pattern, &rest);
    if (found == NULL)
        return err_set(e, ERR_INPUT,
                       "mask '%.80s': expected type:, team: or model: before the colon", pattern);
    if (*rest == '\0')
        return err_set(e, ERR_INPUT, "mask '%.80s' is empty", pattern);
    *field = found;
    buf_add_char(regex, '^');
    for (; *rest != '\0'; rest++)
        add_glob_char(regex, *rest);
    buf_add_char(regex, '$');
    return 0;
}
