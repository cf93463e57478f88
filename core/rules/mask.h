// SPDX-License-Identifier: Apache-2.0
/* Masks: a pattern of the configuration as a field and an anchored POSIX regular expression. */
#ifndef CORE_RULES_MASK_H
#define CORE_RULES_MASK_H

#include "core/base/buf.h"
#include "core/base/err.h"

/* `type:X`, `team:X`, `model:X`; with a slash: repo; else deliverable. `*` and `?` are globs in
 * each. *field: deliverable, repo, type, team, model. ERR_INPUT: empty, or an unknown prefix. */
int mask_compile(const char *pattern, const char **field, struct buf *regex, struct err *e);

#endif
