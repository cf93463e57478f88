// SPDX-License-Identifier: Apache-2.0
/*
 * Private to core/config: from YAML nodes to fields of structs. A setting is one row of a table:
 * its dotted name, the parser of its value, the field it fills, its default (as YAML), its doc.
 * Every parser reports what it did not expect as `file:line: ...` and prints no value of a
 * setting that may hold a password.
 */
#ifndef CORE_CONFIG_READER_H
#define CORE_CONFIG_READER_H

#include <stddef.h>

#include "core/config/config.h"
#include "core/format/yaml.h"

struct reader {
    struct config *c;
    const char *file;                 /* as errors name it */
    const char *name;                 /* what {name} stands for, or NULL */
    const struct node *root;          /* of the main file */
    const struct config_texts *saved; /* read these instead of files, or NULL */
    struct err *e;
};

/* A file's text; the main file's name is its absolute path. */
struct config_text {
    const char *name, *text;
    size_t len;
};

struct config_texts {
    struct config_text *items;
    size_t count;
};

/* As config_load with CONFIG_ALL, from texts (the main file's first) in the place of files. */
struct config *config_load_texts(const struct config_texts *texts, struct err *e);

typedef int setting_parser(struct reader *r, const struct node *n, void *field);

struct setting {
    const char *name; /* dotted: archives.refresh */
    setting_parser *parse;
    size_t offset;   /* of the field in the struct that the table fills */
    const char *def; /* as YAML, or NULL: stays unset */
    unsigned parts;  /* PART_*: who reads it; 0: a program that reads all */
    const char *doc;
};

#define PART_HOOK  1u
#define PART_PAGES 2u

extern const struct setting config_settings[];          /* the main file */
extern const struct setting config_mirror_settings[];   /* mirrors.X and mirror-defaults */
extern const struct setting config_sender_settings[];   /* senders.X */
extern const struct setting config_series_settings[];   /* a file of releases.d */
extern const struct setting config_upstream_settings[]; /* its `upstream` */

/* Fills what the map sets; a key that no row of the table has is an error. */
int settings_read(struct reader *r, const struct setting *table, const struct node *map,
                  void *base);
/* Fills every row that has a default. */
int settings_defaults(struct reader *r, const struct setting *table, void *base);
/* Fills only the rows of those parts, and looks at nothing else in the map. */
int settings_read_parts(struct reader *r, const struct setting *table, unsigned parts,
                        const struct node *map, void *base);

/* "file:line: ...", ERR_INPUT. Returns -1. */
int reader_fail(struct reader *r, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int reader_expect_map(struct reader *r, const struct node *n, const char *what);
int reader_expect_list(struct reader *r, const struct node *n, const char *what);
/* The text of a scalar that is not null; NULL after reader_fail. */
const char *reader_text(struct reader *r, const struct node *n, const char *what);
struct config_where reader_where(const struct reader *r, int line);
/* Relative paths start in the configuration's folder. */
const char *reader_path(struct reader *r, const char *path);
/* A copy without slashes at the end. */
const char *reader_strip_slashes(struct reader *r, const char *text);
/* As core/base/name.h has it. */
bool reader_is_name(const char *text);

/* Values (values.c). The field's type is in the name or in the comment. */
setting_parser parse_text;     /* const char *; empty: NULL */
setting_parser parse_path;     /* const char *, absolute; empty: NULL */
setting_parser parse_paths;    /* struct config_strings */
setting_parser parse_location; /* const char *: URL, host:path, or a path made absolute */
setting_parser parse_url;      /* const char *: http or https, no slash at the end */
setting_parser parse_strings;  /* struct config_strings */
setting_parser parse_words;    /* const char *: a text, or a list joined by spaces */
setting_parser parse_duration; /* int64_t seconds, over 0 */
setting_parser parse_bytes;    /* int64_t, K, M, G, T as powers of 1024 */
setting_parser parse_number;   /* int64_t, over 0 */
setting_parser parse_count;    /* int, 1 to 1000 */
setting_parser parse_bool;     /* bool */
setting_parser parse_yes;      /* const char *: "yes" or NULL */

/* Topics. The field is not used if the parser fills several fields of r->c. */
setting_parser parse_teams_main;      /* teams.c */
setting_parser parse_teams_series;    /* into struct config_series */
setting_parser parse_names;           /* naming.c: struct config_pairs */
setting_parser parse_prefixes;        /* struct config_strings */
setting_parser parse_either;          /* struct config_pairs */
setting_parser parse_masks_main;      /* masks.c */
setting_parser parse_masks_series;    /* into struct config_series */
setting_parser parse_suites;          /* suites.c: the main file's `suites` */
setting_parser parse_targets;         /* into struct config_series */
setting_parser parse_mirror_defaults; /* mirrors.c */
setting_parser parse_mirrors;
setting_parser parse_senders;         /* senders.c */
setting_parser parse_upstream_series; /* upstream.c: into struct config_series */

/* Reads releases.d/NAME; text is the file's. */
int config_read_series(struct reader *r, const struct node *root);
/* What two settings must agree on; after everything has been read. */
int config_check_mirrors(struct reader *r);

#endif
