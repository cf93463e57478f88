// SPDX-License-Identifier: Apache-2.0
/*
 * Templates: a thin C face of ctemplate with AUTOESCAPE. All HTML, SVG and Atom lives in
 * templates/; code fills values and shows sections, and never writes a tag. Values are cleaned on
 * their way in: control characters (which XML forbids) and the marks that turn the direction of
 * text become U+FFFD, so that no name from outside can disguise itself or break a feed.
 */
#ifndef CGI_PAGES_TEMPLATE_H
#define CGI_PAGES_TEMPLATE_H

#ifdef __cplusplus
extern "C" {
#endif

#include "core/base/buf.h"
#include "core/base/err.h"

/* A page's values, or those of one occurrence of a section in it. Sections belong to their page. */
struct template_dict;

struct template_dict *template_new(void);
void template_free(struct template_dict *page);

/* NULL sets "". Keys are those of the templates, upper case. */
void template_set(struct template_dict *d, const char *key, const char *value);
void template_set_int(struct template_dict *d, const char *key, long value);
/* A value that included templates see as well (an include inherits nothing else). */
void template_set_global(struct template_dict *page, const char *key, const char *value);

/* One more occurrence of {{#NAME}}...{{/NAME}}; it sees its parent's values too. */
struct template_dict *template_section(struct template_dict *d, const char *name);
/* Shows a section once, without values of its own. */
void template_show(struct template_dict *d, const char *name);
/* Fills {{>NAME}} with a file of the templates' folder. */
struct template_dict *template_include(struct template_dict *d, const char *name, const char *file);

/* Reads and parses every *.html, *.svg and *.atom of share/templates, and remembers the folder for
 * template_expand. A file that does not start with the AUTOESCAPE pragma (it would not be escaped
 * at all), or does not parse, is ERR_INPUT. hash (17 bytes) gets a hash of all their text and of
 * the files in share/static, which pages name together with it. */
int template_load(const char *share, char hash[17], struct err *e);

/* Appends the expanded file (layout.html) to out. */
int template_expand(const char *file, struct template_dict *page, struct buf *out, struct err *e);

#ifdef __cplusplus
}
#endif

#endif
