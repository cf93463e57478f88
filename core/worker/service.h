// SPDX-License-Identifier: Apache-2.0
/*
 * What a service manager hears (sd_notify(3)), written to $NOTIFY_SOCKET by ourselves. Without one
 * these do nothing.
 */
#ifndef CORE_WORKER_SERVICE_H
#define CORE_WORKER_SERVICE_H

#include <stdint.h>

void service_open(void);              /* reads the environment, and takes the variables out of it */
void service_tell(const char *state); /* "READY=1", "STOPPING=1", "WATCHDOG=1" */
void service_status(const char *format, ...) __attribute__((format(printf, 1, 2)));
int64_t service_watchdog_ms(void); /* how often WATCHDOG=1 is due; 0: not asked for */

#endif
