// SPDX-License-Identifier: Apache-2.0
#include "core/archive/keyexpiry.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/proc.h"

#define DEADLINE_MS 20000
#define FIELD_MAX   24

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
    return *field ? strtoll(field, NULL, 10) : KEYEXPIRY_NEVER;
}

static void take_signing_key(const char *line, int64_t end, time_t now, struct keyexpiry_list *out)
{
    char validity[FIELD_MAX];
    field_of(line, 2, validity);
    out->keys++;
    if (*validity && strchr("rid", *validity)) { /* revoked, invalid, disabled: it signs nothing */
        out->revoked++;
        return;
    }
    out->expired += *validity == 'e' || end <= now;
    if (end > out->last) {
        out->last = end;
        field_of(line, 5, out->last_id);
    }
}

void keyexpiry_read_lines(const char *colons, time_t now, struct keyexpiry_list *out)
{
    int64_t primary = -1;
    *out = (struct keyexpiry_list){.last = -1};
    for (const char *line = colons; line && *line;
         line = (line = strchr(line, '\n')) ? line + 1 : NULL) {
        bool secret = !strncmp(line, "sec:", 4) || !strncmp(line, "ssb:", 4);
        bool is_primary = !strncmp(line, "pub:", 4) || !strncmp(line, "sec:", 4);
        if (!secret && !is_primary && strncmp(line, "sub:", 4) != 0)
            continue;
        char use[FIELD_MAX];
        int64_t end = end_of(line);
        if (is_primary)
            primary = end;
        out->secret += secret;
        field_of(line, 12, use);
        if (strchr(use, 's'))
            take_signing_key(line, end < primary ? end : primary, now, out);
    }
}

int keyexpiry_of(const char *colons, time_t *expires, struct err *e)
{
    struct keyexpiry_list list;
    keyexpiry_read_lines(colons, time(NULL), &list);
    if (list.last < 0)
        return err_set(e, ERR_INPUT, "no key in it can sign");
    *expires = list.last == KEYEXPIRY_NEVER ? 0 : (time_t)list.last;
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
