// SPDX-License-Identifier: Apache-2.0
/* Prints deb-status.yaml(5): the page's frame (doc/deb-status.yaml.5.in on stdin), each line
 * `@TABLE@` in it replaced by that table's rows. The tables are the only list of the settings. */
#include <stdio.h>
#include <string.h>

#include "core/config/reader.h"

static const struct {
    const char *mark;
    const struct setting *rows;
} tables[] = {
    {"@MAIN@\n", config_settings},
    {"@MIRROR@\n", config_mirror_settings},
    {"@SENDER@\n", config_sender_settings},
    {"@SERIES@\n", config_series_settings},
    {"@UPSTREAM@\n", config_upstream_settings},
};

/* A text of mdoc: no word of it is a macro or an escape. */
static void print_text(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '\\')
            fputs("\\e", stdout);
        else if (*text == '-')
            fputs("\\-", stdout);
        else
            putchar(*text);
    }
}

static void print_rows(const struct setting *row)
{
    fputs(".Bl -tag -width Ds\n", stdout);
    for (; row->name; row++) {
        printf(".It Ic %s\n", row->name);
        print_text(row->doc);
        if (row->def && strcmp(row->def, "\"\"") != 0) {
            fputs(".\nThe default is\n.Ql ", stdout);
            print_text(row->def);
            fputs(" .\n", stdout);
        } else {
            fputs(".\n", stdout);
        }
    }
    fputs(".El\n", stdout);
}

int main(void)
{
    char line[1024];
    while (fgets(line, sizeof line, stdin)) {
        size_t i = 0, n = sizeof tables / sizeof *tables;
        while (i < n && strcmp(line, tables[i].mark) != 0)
            i++;
        if (i < n)
            print_rows(tables[i].rows);
        else
            fputs(line, stdout);
    }
    return ferror(stdin) || fflush(stdout) != 0;
}
