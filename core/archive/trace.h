// SPDX-License-Identifier: Apache-2.0
/* project/trace/HOST: when this archive last changed, for those who mirror it (Debian's custom). */
#ifndef CORE_ARCHIVE_TRACE_H
#define CORE_ARCHIVE_TRACE_H

#include "core/archive/run.h"

int trace_write(struct run *r, const char *suite, int generation, struct err *e);

#endif
