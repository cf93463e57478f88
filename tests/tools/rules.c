// SPDX-License-Identifier: Apache-2.0
/*
 * The rules of core/rules as a filter, for tests in other languages: a line in, a line out, fields
 * parted by tabs. Output starts with `ok` or `bad` (and the reason).
 *   upstream VERSION                   -> ok final|prerelease|end DEBIAN-FORM KEY
 *   debian VERSION                     -> ok UPSTREAM-PART patched|- KEY KEY-OF-PART   (keys in
 * hex) names REPO ARTIFACT CONFIGURED     -> ok RULE:NAME ...                             ('-':
 * none) homepage ADDRESS                   -> ok REPO LAST mask PATTERN                       -> ok
 * FIELD REGEX
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/rules/mask.h"
#include "core/rules/names.h"
#include "core/rules/version.h"

/* The rules that the data was measured with; a configuration says its own. */
static const char *const prefixes[] = {"python-", "openstack-"};
static const struct name_pair either[] = {{"puppet-", "puppet-module-"}};
static const struct name_rules rules = {prefixes, 2, either, 1};

static int add_key(struct buf *out, const char *version, struct err *e)
{
    struct buf key = BUF_INIT;
    int rc = version_key(version, &key, e);
    for (size_t i = 0; rc == 0 && i < key.len; i++)
        buf_addf(out, "%02x", (unsigned char)key.data[i]);
    buf_free(&key);
    return rc;
}

static int upstream(const char *version, struct buf *out, struct err *e)
{
    static const char *const words[] = {"final", "prerelease", "end"};
    enum version_kind kind;
    struct buf debian = BUF_INIT;
    int rc = version_from_upstream(version, &kind, &debian, e);
    if (rc == 0)
        buf_addf(out, "%s\t%s\t", words[kind], buf_str(&debian));
    if (rc == 0 && kind != VERSION_END)
        rc = add_key(out, buf_str(&debian), e);
    buf_free(&debian);
    return rc;
}

static int debian(const char *version, struct buf *out, struct err *e)
{
    struct buf part = BUF_INIT;
    int rc = version_upstream_part(version, &part, e);
    if (rc == 0) {
        buf_addf(out, "%s\t%s\t", buf_str(&part), version_is_patched(version) ? "patched" : "-");
        rc = add_key(out, version, e);
        buf_add_char(out, '\t');
        rc = rc ? rc : add_key(out, buf_str(&part), e);
    }
    buf_free(&part);
    return rc;
}

static const char *or_null(const char *s)
{
    return strcmp(s, "-") == 0 ? NULL : s;
}

static int names(struct arena *a, char *const *f, struct buf *out)
{
    struct name_candidate found[NAMES_MAX];
    size_t n = names_candidates(a, &rules, f[1], or_null(f[2]), or_null(f[3]), found);
    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%s%s:%s", i ? "\t" : "", found[i].rule, found[i].name);
    return 0;
}

static int homepage(struct arena *a, const char *address, struct buf *out, struct err *e)
{
    const char *repo, *last;
    if (!names_homepage_repo(a, address, &repo, &last))
        return err_set(e, ERR_INPUT, "no repository");
    buf_addf(out, "%s\t%s", repo, last);
    return 0;
}

static int mask(const char *pattern, struct buf *out, struct err *e)
{
    const char *field;
    struct buf regex = BUF_INIT;
    int rc = mask_compile(pattern, &field, &regex, e);
    if (rc == 0)
        buf_addf(out, "%s\t%s", field, buf_str(&regex));
    buf_free(&regex);
    return rc;
}

static int answer(struct arena *a, char *const *f, struct buf *out, struct err *e)
{
    if (strcmp(f[0], "upstream") == 0)
        return upstream(f[1], out, e);
    if (strcmp(f[0], "debian") == 0)
        return debian(f[1], out, e);
    if (strcmp(f[0], "key") == 0)
        return add_key(out, f[1], e);
    if (strcmp(f[0], "names") == 0)
        return names(a, f, out);
    if (strcmp(f[0], "homepage") == 0)
        return homepage(a, f[1], out, e);
    if (strcmp(f[0], "mask") == 0)
        return mask(f[1], out, e);
    return err_set(e, ERR_INPUT, "no such rule");
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, stdin)) > 0) {
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        char none[] = "", *f[4] = {none, none, none, none}, *rest = line;
        for (size_t i = 0; i < 4 && rest; i++)
            f[i] = strsep(&rest, "\t");
        struct arena a = ARENA_INIT;
        struct buf out = BUF_INIT;
        struct err e = {0};
        if (answer(&a, f, &out, &e) == 0)
            printf("ok\t%s\n", buf_str(&out));
        else
            printf("bad\t%s\n", e.text);
        buf_free(&out);
        arena_free(&a);
    }
    free(line);
    return 0;
}
