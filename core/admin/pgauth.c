// SPDX-License-Identifier: Apache-2.0
#include "core/admin/pgauth.h"

#include <string.h>

/* Who runs what: root (deb-status), the worker, Apache (mod_fcgid), and the two users of the
 * sockets' units. */
static const struct {
    const char *user, *role;
} map[] = {
    {"root", "deb_status_owner"},
    {"root", "deb_status_worker"},
    {"root", "deb_status_hook"},
    {"root", "deb_status_pages"},
    {"postgres", "deb_status_owner"},
    {"deb-status", "deb_status_worker"},
    {"www-data", "deb_status_hook"},
    {"www-data", "deb_status_pages"},
    {"deb-status-hook", "deb_status_hook"},
    {"deb-status-pages", "deb_status_pages"},
};

void pgauth_hba_lines(const char *dbname, struct buf *out)
{
    buf_addf(out,
             "local \"%s\" deb_status_owner,deb_status_worker,deb_status_hook,deb_status_pages "
             "peer map=\"%s\"\n",
             dbname, dbname);
}

void pgauth_ident_lines(const char *dbname, struct buf *out)
{
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        buf_addf(out, "\"%s\" %s %s\n", dbname, map[i].user, map[i].role);
}

void pgauth_place(const char *text, const char *dbname, const char *lines, struct buf *out)
{
    struct buf begin = BUF_INIT, end = BUF_INIT;
    buf_addf(&begin, "# deb-status \"%s\": begin\n", dbname);
    buf_addf(&end, "# deb-status \"%s\": end\n", dbname);
    const char *from = strstr(text, begin.data);
    const char *to = from ? strstr(from, end.data) : NULL;
    const char *before = to ? text : "", *after = to ? to + end.len : text;
    buf_add(out, before, to ? (size_t)(from - text) : 0);
    buf_addf(out, "%s%s%s%s", begin.data, lines, end.data, after);
    buf_free(&begin);
    buf_free(&end);
}
