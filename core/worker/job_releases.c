// SPDX-License-Identifier: Apache-2.0
#include "core/worker/jobs.h"

static int run(struct job *job, struct err *e)
{
    (void)job;
    return err_set(e, ERR_INPUT, "jobs of this kind cannot be run yet");
}

const struct job_kind job_kind_releases = {.name = "releases", .deadline_s = 3600, .run = run};
