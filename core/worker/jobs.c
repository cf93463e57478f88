// SPDX-License-Identifier: Apache-2.0
#include "core/worker/jobs.h"

#include <stddef.h>
#include <string.h>

static const struct job_kind *const kinds[] = {&job_kind_archives, &job_kind_configure,
                                               &job_kind_mirror, &job_kind_releases};

const struct job_kind *jobs_find(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i]->name, kind) == 0)
            return kinds[i];
    return NULL;
}
