// SPDX-License-Identifier: Apache-2.0
/*
 * libgit2 waits for a server without end. Here a timer shuts down the sockets that were opened
 * since it began when nothing has come for so long: the read in which the library waits then ends,
 * and with it the fetch, with an error. One at a time in a process, which uses SIGALRM for nothing
 * else.
 */
#ifndef CORE_UPSTREAM_STALL_H
#define CORE_UPSTREAM_STALL_H

#include <stdbool.h>
#include <stdint.h>

void stall_begin(int64_t limit_ms);
void stall_progress(void); /* something came */
bool stall_end(void);      /* true: it had stalled */

#endif
