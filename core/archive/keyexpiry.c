// SPDX-License-Identifier: Apache-2.0
#include "core/archive/keyexpiry.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/proc.h"

#define DEADLINE_MS 20000
#define FOR_EVER    INT64_MAX
#define FIELD_MAX   32

/* Field n (from 1) of a colon line. */
static void field_of(const char *line, int n, char out[FIELD_MAX])
{
    size_t len = 0;
    while (--n > 0 && *line && *line != '\n') {
        line += strcspn(line, ":\n");
        line += *line == ':';
    }
    while (len < FIELD_MAX - 1 && line[len] && line[len] != ':' && line[len] != '\n')
        len++;
    memcpy(out, line, len);
    out[len] = '\0';
}

static int64_t end_of(const char *line)
{
    char field[FIELD_MAX];
    field_of(line, 7, field);
    return *field ? strtoll(field, NULL, 10) : FOR_EVER;
}

/* Revoked and invalid keys sign nothing; an expired one is what this is about. */
static bool can_sign(const char *line)
{
    char validity[FIELD_MAX], use[FIELD_MAX];
    field_of(line, 2, validity);
    field_of(line, 12, use);
    return *validity != 'r' && *validity != 'i' && *validity != 'd' && strchr(use, 's');
}

int keyexpiry_of(const char *colons, time_t *expires, struct err *e)
{
    int64_t last = -1, primary = -1;
    for (const char *line = colons; line && *line;
         line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
        bool is_primary = strncmp(line, "pub:", 4) == 0;
        if (!is_primary && strncmp(line, "sub:", 4) != 0)
            continue;
        int64_t end = end_of(line);
        if (is_primary)
            primary = end;
        if (end > primary)
            end = primary;
        if (can_sign(line) && end > last)
            last = end;
    }
    if (last < 0)
        return err_set(e, ERR_INPUT, "no key in it can sign");
    *expires = last == FOR_EVER ? 0 : (time_t)last;
    return 0;
}

int keyexpiry_read(const char *keyring, const char *folder, const int *keep_fds, time_t *expires,
                   struct err *e)
{
    const char *const argv[] = {"gpg",           "--batch",     "--no-options", "--homedir", folder,
                                "--with-colons", "--show-keys", keyring,        NULL};
    struct proc_spec spec = {.argv = argv, .keep_fds = keep_fds, .deadline_ms = DEADLINE_MS};
    struct proc_result r = {0};
    int rc = proc_run_ok(&spec, &r, e);
    if (rc == 0)
        rc = keyexpiry_of(buf_str(&r.out), expires, e);
    proc_result_free(&r);
    return rc;
}
