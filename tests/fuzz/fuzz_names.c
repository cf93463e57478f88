// SPDX-License-Identifier: Apache-2.0
/* Name rules: lines are repo, artifact, Homepage and mask. */
#include <regex.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/rules/mask.h"
#include "core/rules/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The rules that the data was measured with; a configuration says its own. */
static const char *const prefixes[] = {"python-", "openstack-"};
static const struct name_pair either[] = {{"puppet-", "puppet-module-"}};
static const struct name_rules rules = {prefixes, 2, either, 1};

static void check_candidates(struct arena *a, const char *repo, const char *artifact)
{
    struct name_candidate out[NAMES_MAX];
    size_t n = names_candidates(a, &rules, repo, artifact, NULL, out);
    if (n > NAMES_MAX)
        __builtin_trap();
    for (size_t i = 0; i < n; i++) {
        if (*out[i].name == '\0' || strpbrk(out[i].name, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
            __builtin_trap();
        for (size_t j = 0; j < i; j++)
            if (strcmp(out[i].name, out[j].name) == 0)
                __builtin_trap();
    }
}

static void check_homepage(struct arena *a, const char *homepage)
{
    const char *repo, *last;
    if (!names_homepage_repo(a, homepage, &repo, &last))
        return;
    const char *slash = strrchr(repo, '/');
    if (!slash || strcmp(slash + 1, last) != 0 || *last == '\0' || strpbrk(repo, "?# \t\r\n"))
        __builtin_trap();
}

static void check_mask(const char *pattern)
{
    const char *field;
    struct buf regex = BUF_INIT;
    regex_t compiled;
    if (mask_compile(pattern, &field, &regex, NULL) == 0) {
        if (regcomp(&compiled, buf_str(&regex), REG_EXTENDED | REG_NOSUB) != 0)
            __builtin_trap();
        regfree(&compiled);
    }
    buf_free(&regex);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a = ARENA_INIT;
    char empty[] = "", *text = strndup((const char *)data, size > 4096 ? 4096 : size);
    char *rest = text, *line[4];
    for (int i = 0; i < 4; i++)
        line[i] = rest ? strsep(&rest, "\n") : empty;
    check_candidates(&a, line[0], line[1]);
    check_homepage(&a, line[2]);
    check_mask(line[3]);
    arena_free(&a);
    free(text);
    return 0;
}
