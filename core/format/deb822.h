// SPDX-License-Identifier: Apache-2.0
/*
 * deb822 paragraphs (Release, Packages, Sources): fields by name, as views into the text, without
 * copying (mmap). Policy 5.1: names compare without case, continuation lines start with a space
 * or tab, '#' starts a comment line. A paragraph that breaks the rules is reported with its line,
 * the next ones go on.
 */
#ifndef CORE_FORMAT_DEB822_H
#define CORE_FORMAT_DEB822_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct deb822_text { /* a view, not terminated */
    const char *data;
    size_t len;
};

struct deb822_reader {
    const char *at, *end;
    int line;             /* of `at`, from 1 */
    size_t paragraph_max; /* bytes; longer: the paragraph is bad. 0: 4 MiB */
};

void deb822_open(struct deb822_reader *r, const char *data, size_t len);

/* Reads the next paragraph, filling values[i] for names[i] (data NULL: not there; continuation
 * lines are part of the view, newlines and all). *line: where the paragraph starts. Returns 1;
 * 0 at the end; -1 for a bad paragraph (ERR_INPUT), after which reading goes on. */
int deb822_next(struct deb822_reader *r, const char *const *names, struct deb822_text *values,
                size_t count, int *line, struct err *e);

/* Takes the next line of a multi-line value (first, possibly empty, line included), trimmed. */
bool deb822_next_line(struct deb822_text *value, struct deb822_text *line);
/* Takes the next word of a line. */
bool deb822_next_word(struct deb822_text *line, struct deb822_text *word);
bool deb822_equals(struct deb822_text t, const char *s);
/* A file's size in bytes, in decimal digits; -1 if it is anything else or does not fit. */
int deb822_size(struct deb822_text t, int64_t *size);

#endif
