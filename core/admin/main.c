// SPDX-License-Identifier: Apache-2.0
/* deb-status: the table of commands, and the options that all of them have. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/admin/command.h"
#include "core/base/log.h"

/* clang-format off */
static const struct command *const commands[] = {
    &command_check,
    &command_report,
    &command_enqueue,
    &command_job,
    &command_secret,
    &command_mask,
    &command_import,
    &command_publish,
    &command_setup_database,
    &command_migrate,
};
/* clang-format on */

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_list(FILE *out)
{
    fputs("usage: deb-status [-c FILE] COMMAND [ARGUMENTS]\n"
          "       deb-status COMMAND --help\n"
          "       deb-status --version\n\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-15s %s\n", commands[i]->name, commands[i]->help);
    fputs("\n  -c, --config FILE   the configuration, instead of $DEB_STATUS_CONFIG or\n"
          "                      " CONFIG_DEFAULT_PATH "\n"
          "\nExit status: 0, 1 where something is wrong or refused, 2 for a wrong call.\n",
          out);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

struct common {
    const char *config;
    bool help, version;
};

/* Takes the options of all commands out of argv, wherever they stand before a "--". Returns how
 * many arguments stay, -1: -c without its file. */
static int take_common(int argc, char **argv, struct common *common)
{
    int kept = 1;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (strcmp(a, "--") == 0) {
            while (i < argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (strcmp(a, "-c") == 0 || strcmp(a, "--config") == 0) {
            if (++i >= argc)
                return -1;
            common->config = argv[i];
        } else if (strncmp(a, "-c", 2) == 0) {
            common->config = a + 2;
        } else if (strncmp(a, "--config=", 9) == 0) {
            common->config = a + 9;
        } else if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
            common->help = true;
        } else if (strcmp(a, "--version") == 0 && kept == 1) {
            common->version = true;
        } else {
            argv[kept++] = argv[i];
        }
    }
    argv[kept] = NULL;
    return kept;
}

int main(int argc, char **argv)
{
    struct common common = {0};
    log_open("deb-status", LOG_WARN);
    int n = take_common(argc, argv, &common);
    if (n < 0) {
        fputs("deb-status: -c needs a file\n", stderr);
        return EXIT_USAGE;
    }
    if (common.version) {
        puts("deb-status " DEB_STATUS_VERSION);
        return command_flush(0);
    }
    if (n < 2) {
        print_list(common.help ? stdout : stderr);
        return common.help ? command_flush(0) : EXIT_USAGE;
    }
    const struct command *command = find(argv[1]);
    if (!command) {
        fprintf(stderr, "deb-status: no such command: %s\n", argv[1]);
        print_list(stderr);
        return EXIT_USAGE;
    }
    if (common.help) {
        command_print_help(command);
        return command_flush(0);
    }
    opterr = 0;
    struct command_call call = {.command = command,
                                .config_path = config_find(common.config),
                                .argc = n - 1,
                                .argv = argv + 1};
    return command_flush(command->run(&call));
}
