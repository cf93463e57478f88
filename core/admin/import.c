// SPDX-License-Identifier: Apache-2.0
/* deb-status import: files of releases.d from os-version-checker's releases.yaml. */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/admin/command.h"
#include "core/admin/releases_yaml.h"
#include "core/base/file.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)

struct output {
    const char *path;
    struct buf text;
    bool is_there; /* with this very text */
    bool written;
};

/* What is there is an admin's work: another text under that name stops all of it. */
static int prepare(struct output *o, const struct releases_series *s, struct err *e)
{
    struct buf old = BUF_INIT;
    releases_write(s, &o->text);
    if (!file_exists(o->path))
        return 0;
    int rc = file_read(o->path, FILE_MAX_BYTES, &old, e);
    o->is_there = rc == 0 && strcmp(buf_str(&old), o->text.data) == 0;
    buf_free(&old);
    if (rc == 0 && !o->is_there)
        rc = err_set(e, ERR_DENIED,
                     "%s is there already and says something else: move it away, or merge by hand "
                     "(--print)",
                     o->path);
    return rc;
}

/* The configuration has to be readable with them; else they are taken away again. */
static int write_all(const struct command_call *call, struct output *outputs, size_t count,
                     struct err *e)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        if (!outputs[i].is_there) {
            rc = file_write(outputs[i].path, outputs[i].text.data, outputs[i].text.len, 0644, e);
            outputs[i].written = rc == 0;
        }
    if (rc == 0 && file_exists(call->config_path)) {
        struct config *config = config_load(call->config_path, CONFIG_ALL, e);
        rc = config ? 0 : err_context(e, "nothing was imported");
        config_free(config);
    }
    for (size_t i = 0; rc && i < count; i++)
        if (outputs[i].written)
            unlink(outputs[i].path);
    return rc;
}

static void report(const struct output *outputs, size_t count, bool print)
{
    for (size_t i = 0; i < count; i++)
        if (print)
            printf("# %s\n%s", outputs[i].path, outputs[i].text.data);
        else
            printf("%s %s\n", outputs[i].path, outputs[i].written ? "written" : "is there already");
    if (!print)
        fputs("apt lines without signed-by are verified with archives.keyring: where another key "
              "signs, add [signed-by=keys/...]; then `deb-status check`\n",
              stderr);
}

static int import(const struct command_call *call, struct arena *a, const char *path, bool print,
                  struct err *e)
{
    struct buf text = BUF_INIT;
    struct releases_series *list = NULL;
    if (file_read(path, FILE_MAX_BYTES, &text, e) == 0) {
        list = releases_read(a, buf_str(&text), text.len, e);
        if (!list)
            err_context(e, "%s", path);
    }
    buf_free(&text);
    if (!list)
        return -1;
    size_t count = 0;
    for (struct releases_series *s = list; s; s = s->next)
        count++;
    struct output *outputs = arena_alloc(a, count * sizeof *outputs);
    const char *folder =
        arena_printf(a, "%s/releases.d", dirname(arena_strdup(a, call->config_path)));
    int rc = print ? 0 : file_make_dirs(folder, 0755, e);
    size_t i = 0;
    for (struct releases_series *s = list; rc == 0 && s; s = s->next, i++) {
        outputs[i].path = arena_printf(a, "%s/%s.yaml", folder, s->name);
        if (print)
            releases_write(s, &outputs[i].text);
        else
            rc = prepare(&outputs[i], s, e);
    }
    if (rc == 0 && !print)
        rc = write_all(call, outputs, count, e);
    if (rc == 0)
        report(outputs, count, print);
    for (i = 0; i < count; i++)
        buf_free(&outputs[i].text);
    return rc;
}

static int run(const struct command_call *call)
{
    static const struct option options[] = {{"print", no_argument, NULL, 'p'}, {0}};
    bool print = false;
    for (int o; (o = getopt_long(call->argc, call->argv, "", options, NULL)) != -1;) {
        if (o != 'p')
            return command_misuse(call, "no such option");
        print = true;
    }
    if (call->argc - optind != 1)
        return command_misuse(call, "which file?");
    struct arena a = ARENA_INIT;
    struct err e = {0};
    int code = import(call, &a, call->argv[optind], print, &e) ? command_fail(&e) : 0;
    arena_free(&a);
    return code;
}

const struct command command_import = {
    .name = "import",
    .args = "FILE [--print]",
    .help = "make releases.d from os-version-checker's releases.yaml",
    .more =
        "Each entry <distro>-<series>: becomes target <distro> of series <series>; entries of one\n"
        "series share its file. A file that is there is never overwritten, and nothing is written\n"
        "where the configuration could not be read with it. --print writes nothing.\n",
    .run = run,
};
