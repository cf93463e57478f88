// SPDX-License-Identifier: Apache-2.0
/*
 * What a subcommand of deb-status is written against: one file per command, each with one
 * descriptor, all listed in main.c. Commands print what was asked for on stdout and errors on
 * stderr; they read files and the database, serve no requests and run no jobs.
 */
#ifndef CORE_ADMIN_COMMAND_H
#define CORE_ADMIN_COMMAND_H

#include "core/base/err.h"
#include "core/config/config.h"
#include "core/db/db.h"

#define EXIT_WRONG 1 /* something is wrong, or was refused */
#define EXIT_USAGE 2 /* a wrong call */

struct command;

struct command_call {
    const struct command *command;
    const char *config_path; /* -c FILE, DEB_STATUS_CONFIG or the default */
    int argc;                /* argv[0] is the command's name; -c and --help are taken out */
    char **argv;             /* ended by NULL; fit for getopt_long */
};

struct command {
    const char *name;
    const char *args; /* "SERIES [TARGET] [--format txt|json]"; several forms: one a line */
    const char *help; /* one line */
    const char *more; /* what else --help says: whole lines, or NULL */
    int (*run)(const struct command_call *call); /* returns the exit code */
};

/* Prints "deb-status NAME: ..." and the usage to stderr; returns EXIT_USAGE. */
int command_misuse(const struct command_call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What `deb-status NAME --help` says, to stdout. */
void command_print_help(const struct command *command);

/* Prints the error, and its detail indented below it, to stderr; returns EXIT_WRONG. */
int command_fail(const struct err *e);

/* As command_fail, for a call of a function of ours: what that said itself when it refused. */
int command_refused(const struct db *db, const struct err *e);

/* The configuration; NULL after the error was printed (then return EXIT_WRONG). */
struct config *command_config(const struct command_call *call) __attribute__((warn_unused_result));

/* A connection as the role ("deb_status_worker") to the configuration's database, its schema
 * checked; NULL after the error was printed. */
struct db *command_database(const struct config *config, const char *role)
    __attribute__((warn_unused_result));

/* The configuration and a connection as role worker: what most commands begin with. */
struct command_session {
    struct config *config;
    struct db *db;
};

int command_begin(const struct command_call *call, struct command_session *s)
    __attribute__((warn_unused_result)); /* 0, or -1 after the error was printed */
void command_end(struct command_session *s);

/* Text on stdout with a blank in the place of each control character but the end of a line: words
 * of upstream, of Debian or of a host may be made to steer a terminal. */
void command_print_text(const char *text);

/* The rows as a table with two blanks between the columns; heads: one per column, ended by NULL. */
void command_print_table(const struct db_result *r, const char *const *heads);

/* Flushes stdout. Returns code, or EXIT_WRONG after an error was printed (a full disk). */
int command_flush(int code);

extern const struct command command_check;
extern const struct command command_enqueue;
extern const struct command command_import;
extern const struct command command_job;
extern const struct command command_mask;
extern const struct command command_migrate;
extern const struct command command_publish;
extern const struct command command_report;
extern const struct command command_secret;
extern const struct command command_setup_database;

#endif
