// SPDX-License-Identifier: Apache-2.0
#include "core/admin/apache.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define DEPTH_MAX      16   /* of includes */
#define FILES_MAX      2000 /* in all */
#define WORDS_MAX      64   /* of a line */
#define NAMES_MAX      2048 /* variables and modules */

struct name {
    const char *name, *value;
};

struct reading {
    struct arena *a;
    struct apache *out;
    const char *root; /* ServerRoot */
    struct name variables[NAMES_MAX], modules[NAMES_MAX];
    size_t variable_count, module_count, alias_room, root_room;
    int files;
};

/* ---- names ---- */

static const char *find(const struct name *names, size_t count, const char *name)
{
    for (size_t i = count; i > 0; i--)
        if (strcmp(names[i - 1].name, name) == 0)
            return names[i - 1].value;
    return NULL;
}

static void add(struct name *names, size_t *count, const char *name, const char *value)
{
    if (*count < NAMES_MAX)
        names[(*count)++] = (struct name){name, value};
}

/* ${NAME} replaced if NAME is known. */
static const char *expand(struct reading *r, const char *text)
{
    struct buf out = BUF_INIT;
    while (*text) {
        const char *end = text[0] == '$' && text[1] == '{' ? strchr(text, '}') : NULL;
        const char *name = end ? arena_strndup(r->a, text + 2, (size_t)(end - text - 2)) : NULL;
        const char *value = name ? find(r->variables, r->variable_count, name) : NULL;
        if (value) {
            buf_add_str(&out, value);
            text = end + 1;
        } else {
            buf_add_char(&out, *text++);
        }
    }
    const char *copy = arena_strdup(r->a, buf_str(&out));
    buf_free(&out);
    return copy;
}

/* The words of a line, quotes taken off. */
static size_t split(struct reading *r, const char *line, const char *words[WORDS_MAX])
{
    size_t n = 0;
    while (n < WORDS_MAX) {
        line += strspn(line, " \t\r");
        if (*line == '\0')
            break;
        char quote = *line == '"' || *line == '\'' ? *line++ : '\0';
        size_t len = quote ? strcspn(line, quote == '"' ? "\"" : "'") : strcspn(line, " \t\r");
        words[n++] = expand(r, arena_strndup(r->a, line, len));
        line += len + (quote && line[len]);
    }
    return n;
}

/* `export NAME=VALUE` of Debian's envvars, beside the main file. */
static void read_environment(struct reading *r, const char *path)
{
    struct buf text = BUF_INIT;
    if (file_read(path, FILE_MAX_BYTES, &text, NULL) == 0) {
        char *save = NULL;
        for (char *line = strtok_r(text.data, "\n", &save); line;
             line = strtok_r(NULL, "\n", &save)) {
            char *equals = strchr(line, '=');
            if (strncmp(line, "export ", 7) != 0 || !equals)
                continue;
            char *suffix = strstr(equals, "$SUFFIX"); /* of a second instance; not ours to know */
            if (suffix)
                memmove(suffix, suffix + 7, strlen(suffix + 7) + 1);
            const char *words[WORDS_MAX];
            if (split(r, equals + 1, words) == 1)
                add(r->variables, &r->variable_count,
                    arena_strndup(r->a, line + 7, (size_t)(equals - line - 7)), words[0]);
        }
    }
    buf_free(&text);
}

/* ---- directives ---- */

static void take_number(int *field, const char *text)
{
    long n = strtol(text, NULL, 10);
    if (n > 0 && n < 1000000)
        *field = (int)n;
}

/* Which of our programs a path or a socket's address is, by its last part. */
static struct apache_program *program_of(struct apache *out, const char *text)
{
    if (strstr(text, "hook.fcgi") || strstr(text, "hook.sock"))
        return &out->hook;
    if (strstr(text, "pages.fcgi") || strstr(text, "pages.sock"))
        return &out->pages;
    return NULL;
}

static const char *without_slash(struct reading *r, const char *text)
{
    size_t n = strlen(text);
    while (n > 1 && text[n - 1] == '/')
        n--;
    return arena_strndup(r->a, text, n);
}

static void take_alias(struct reading *r, const char *path, const char *folder)
{
    struct apache *out = r->out;
    out->aliases = arena_grow(r->a, out->aliases, (size_t)out->alias_count, &r->alias_room,
                              sizeof *out->aliases);
    out->aliases[out->alias_count++] =
        (struct apache_alias){without_slash(r, path), without_slash(r, folder)};
}

static void take_root(struct reading *r, const char *folder)
{
    struct apache *out = r->out;
    out->roots =
        arena_grow(r->a, out->roots, (size_t)out->root_count, &r->root_room, sizeof *out->roots);
    out->roots[out->root_count++] = without_slash(r, folder);
}

static void take_command_options(struct apache *out, const char **words, size_t n)
{
    struct apache_program *program = program_of(out, words[1]);
    for (size_t i = 2; program && i + 1 < n; i++)
        if (strcasecmp(words[i], "MaxProcesses") == 0)
            take_number(&program->max_processes, words[i + 1]);
}

/* Where an address leads: ScriptAlias /hook .../hook.fcgi, SetHandler "proxy:unix:...|fcgi://". */
static void take_served(struct apache *out, const char **words, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct apache_program *program = program_of(out, words[i]);
        if (program) {
            program->served = true;
            program->by_socket |= strstr(words[i], "fcgi://") != NULL;
        }
    }
}

static void take(struct reading *r, const char **words, size_t n)
{
    struct apache *out = r->out;
    if (n < 2)
        return;
#define IS(text) (strcasecmp(words[0], text) == 0)
    if (IS("Define"))
        add(r->variables, &r->variable_count, words[1], n > 2 ? words[2] : "");
    else if (IS("UnDefine"))
        add(r->variables, &r->variable_count, words[1], NULL);
    else if (IS("ServerRoot"))
        r->root = words[1];
    else if (IS("LoadModule"))
        add(r->modules, &r->module_count, words[1], "");
    else if (IS("User"))
        out->user = words[1];
    else if (IS("MaxRequestWorkers") || IS("MaxClients"))
        take_number(&out->max_request_workers, words[1]);
    else if (IS("FcgidMaxProcessesPerClass") || IS("DefaultMaxClassProcessCount"))
        take_number(&out->max_class_processes, words[1]);
    else if (IS("FcgidMaxProcesses") || IS("MaxProcessCount"))
        take_number(&out->max_processes, words[1]);
    else if (IS("FcgidMaxRequestLen") || IS("MaxRequestLen"))
        out->max_request_len = strtol(words[1], NULL, 10);
    else if (IS("FcgidCmdOptions"))
        take_command_options(out, words, n);
    else if (IS("DocumentRoot"))
        take_root(r, words[1]);
    else if (IS("Alias") && n > 2)
        take_alias(r, words[1], words[2]);
    else if (IS("ScriptAlias") || IS("SetHandler") || IS("ProxyPass") || IS("ProxyPassMatch") ||
             IS("FcgidWrapper") || IS("RewriteRule"))
        take_served(out, words, n);
#undef IS
}

/* ---- files ---- */

static void read_path(struct reading *r, const char *pattern, int depth);

/* Whether <IfDefine X>, <IfModule !X> holds; any other section is entered. */
static bool enters(struct reading *r, const char *line)
{
    const char *words[WORDS_MAX];
    char *text = arena_strdup(r->a, line);
    char *end = strrchr(text, '>');
    if (end)
        *end = '\0';
    size_t n = split(r, text, words);
    bool module = n > 1 && strcasecmp(words[0], "<IfModule") == 0;
    if (n < 2 || (!module && strcasecmp(words[0], "<IfDefine") != 0))
        return true;
    bool negated = words[1][0] == '!';
    const char *name = words[1] + negated;
    bool holds;
    if (module) {
        /* mod_fcgid.c or fcgid_module; what is compiled in is never asked for by our files */
        size_t len = strlen(name);
        if (strncmp(name, "mod_", 4) == 0 && len > 6 && strcmp(name + len - 2, ".c") == 0)
            name = arena_printf(r->a, "%.*s_module", (int)(len - 6), name + 4);
        holds = find(r->modules, r->module_count, name) != NULL;
    } else {
        holds = find(r->variables, r->variable_count, name) != NULL;
    }
    return holds != negated;
}

static bool is_include(const char *name)
{
    return strcasecmp(name, "Include") == 0 || strcasecmp(name, "IncludeOptional") == 0;
}

/* skipped: how many sections deep we are in one that does not hold. */
static void read_line(struct reading *r, const char *line, int *skipped, int depth)
{
    const char *words[WORDS_MAX];
    line += strspn(line, " \t");
    if (*line == '#' || *line == '\0')
        return;
    if (*line == '<') {
        bool closes = line[1] == '/';
        if (*skipped)
            *skipped += closes ? -1 : 1;
        else if (!closes && !enters(r, line))
            *skipped = 1;
        return;
    }
    if (*skipped)
        return;
    size_t n = split(r, line, words);
    for (size_t i = 1; i < n && is_include(words[0]); i++)
        read_path(r, words[i], depth + 1);
    take(r, words, n);
}

static void read_text(struct reading *r, char *text, int depth)
{
    int skipped = 0;
    char *out = text;
    for (char *in = text; *in; in++) /* a backslash at the end continues the line */
        if (in[0] == '\\' && in[1] == '\n') {
            *out++ = ' ';
            in++;
        } else {
            *out++ = *in;
        }
    *out = '\0';
    for (char *line = text; *line;) {
        size_t len = strcspn(line, "\n");
        char *next = line + len + (line[len] == '\n');
        line[len] = '\0';
        read_line(r, line, &skipped, depth);
        line = next;
    }
}

static int read_file(struct reading *r, const char *path, int depth, struct err *e)
{
    struct buf text = BUF_INIT;
    if (r->files++ >= FILES_MAX)
        return 0;
    int rc = file_read(path, FILE_MAX_BYTES, &text, e);
    if (rc == 0 && text.len > 0)
        read_text(r, text.data, depth);
    buf_free(&text);
    return rc;
}

/* A file, a pattern, or a folder with all that is in it. */
static void read_path(struct reading *r, const char *pattern, int depth)
{
    glob_t found = {0};
    struct stat st;
    if (depth > DEPTH_MAX)
        return;
    if (*pattern != '/')
        pattern = arena_printf(r->a, "%s/%s", r->root, pattern);
    if (glob(pattern, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            const char *path = found.gl_pathv[i];
            if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                read_path(r, arena_printf(r->a, "%s/*", path), depth + 1);
            else
                read_file(r, path, depth, NULL);
        }
    globfree(&found);
}

int apache_read(const char *path, struct arena *arena, struct apache *out, struct err *e)
{
    struct reading *r = arena_alloc(arena, sizeof *r);
    const char *slash = strrchr(path, '/');
    *out = (struct apache){.max_class_processes = 100, /* mod_fcgid's own defaults */
                           .max_processes = 1000,
                           .max_request_len = 131072};
    r->a = arena;
    r->out = out;
    r->root = slash ? arena_strndup(arena, path, (size_t)(slash - path)) : ".";
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return err_set(e, ERR_NOT_FOUND, "there is no %s", path);
    read_environment(r, arena_printf(arena, "%s/envvars", r->root));
    if (read_file(r, path, 0, e))
        return -1;
    const char *limit = find(r->variables, r->variable_count, "DEB_STATUS_BODY_LIMIT");
    out->body_limit = limit ? strtol(limit, NULL, 10) : 0;
    out->archive_path = find(r->variables, r->variable_count, "DEB_STATUS_ARCHIVE_PATH");
    out->archive = find(r->variables, r->variable_count, "DEB_STATUS_ARCHIVE");
    out->has_fcgid = find(r->modules, r->module_count, "fcgid_module") != NULL;
    return 0;
}
