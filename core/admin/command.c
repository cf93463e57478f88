// SPDX-License-Identifier: Apache-2.0
#include "core/admin/command.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/db/migrate.h"

/* `usage: deb-status report ...`, one line for each form of the arguments. */
static void print_usage(FILE *out, const struct command *command)
{
    const char *word = "usage:", *args = command->args;
    do {
        size_t n = strcspn(args, "\n");
        fprintf(out, "%s deb-status %s%s%.*s\n", word, command->name, n ? " " : "", (int)n, args);
        args += n + (args[n] == '\n');
        word = "      ";
    } while (*args);
}

void command_print_help(const struct command *command)
{
    print_usage(stdout, command);
    printf("\n%c%s.\n", toupper((unsigned char)command->help[0]), command->help + 1);
    if (command->more)
        printf("\n%s", command->more);
}

int command_misuse(const struct command_call *call, const char *format, ...)
{
    va_list ap;
    fprintf(stderr, "deb-status %s: ", call->command->name);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    print_usage(stderr, call->command);
    return EXIT_USAGE;
}

int command_fail(const struct err *e)
{
    fprintf(stderr, "deb-status: %s\n", e->text);
    for (const char *line = e->detail; *line;) {
        size_t n = strcspn(line, "\n");
        if (n > 0)
            fprintf(stderr, "  %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
    return EXIT_WRONG;
}

int command_refused(const struct db *db, const struct err *e)
{
    /* `raise exception ... using errcode`: invalid_parameter_value or not in the state for it */
    const char *state = db_sqlstate(db), *at = strstr(e->detail, "ERROR:");
    if (!at || (strcmp(state, "22023") != 0 && strcmp(state, "55000") != 0))
        return command_fail(e);
    at += strlen("ERROR:");
    at += strspn(at, " ");
    fprintf(stderr, "deb-status: %.*s\n", (int)strcspn(at, "\n"), at);
    return EXIT_WRONG;
}

struct config *command_config(const struct command_call *call)
{
    struct err e = {0};
    struct config *config = config_load(call->config_path, CONFIG_ALL, &e);
    if (!config)
        command_fail(&e);
    return config;
}

struct db *command_database(const struct config *config, const char *role)
{
    struct db_open_options options = {
        .conninfo = config->database, .role = role, .program = "deb-status"};
    struct err e = {0};
    struct db *db = db_open(&options, &e);
    if (db && migrate_check(db, &e)) {
        db_close(db);
        db = NULL;
    }
    if (!db)
        command_fail(&e);
    return db;
}

int command_begin(const struct command_call *call, struct command_session *s)
{
    s->db = NULL;
    s->config = command_config(call);
    if (s->config)
        s->db = command_database(s->config, "deb_status_worker");
    if (s->db)
        return 0;
    command_end(s);
    return -1;
}

void command_end(struct command_session *s)
{
    db_close(s->db);
    config_free(s->config);
    s->db = NULL;
    s->config = NULL;
}

void command_print_text(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0; /* U+0080 to U+009F */
        putchar(c1 || (*p < 0x20 && *p != '\n') || *p == 0x7f ? ' ' : *p);
        p += c1;
    }
}

#define TABLE_COLUMNS 16

/* Characters on the terminal: bytes that continue a UTF-8 character take none. */
static int width_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void print_cell(const char *text, int width, bool last)
{
    command_print_text(text);
    printf("%*s", last ? 0 : width - width_of(text) + 2, "");
}

void command_print_table(const struct db_result *r, const char *const *heads)
{
    int widths[TABLE_COLUMNS] = {0}, columns = 0;
    for (; columns < TABLE_COLUMNS && heads[columns]; columns++) {
        widths[columns] = width_of(heads[columns]);
        for (int row = 0; row < db_result_rows(r); row++) {
            const char *value = db_value_at(r, row, columns);
            if (value && width_of(value) > widths[columns])
                widths[columns] = width_of(value);
        }
    }
    for (int row = -1; row < db_result_rows(r); row++) {
        for (int c = 0; c < columns; c++) {
            const char *value = row < 0 ? heads[c] : db_value_at(r, row, c);
            print_cell(value ? value : "", widths[c], c == columns - 1);
        }
        putchar('\n');
    }
}

int command_flush(int code)
{
    bool failed = ferror(stdout); /* an earlier write's reason is gone by now */
    if (fflush(stdout) != 0)
        fprintf(stderr, "deb-status: cannot write the output: %m\n");
    else if (failed)
        fprintf(stderr, "deb-status: the output could not all be written\n");
    else
        return code;
    return EXIT_WRONG;
}
