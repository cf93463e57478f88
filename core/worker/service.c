// SPDX-License-Identifier: Apache-2.0
#include "core/worker/service.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct {
    int fd;
    int64_t watchdog_ms;
    char last[256]; /* status that was told last */
} state = {.fd = -1};

static int connect_socket(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if ((*path != '/' && *path != '@') || len >= sizeof to.sun_path)
        return -1;
    memcpy(to.sun_path, path, len);
    if (*path == '@') /* an abstract name: a NUL in front, none at the end */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, size)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void service_open(void)
{
    const char *path = getenv("NOTIFY_SOCKET"), *usec = getenv("WATCHDOG_USEC"),
               *pid = getenv("WATCHDOG_PID");
    if (path && *path)
        state.fd = connect_socket(path);
    if (usec && (!pid || strtol(pid, NULL, 10) == getpid()))
        state.watchdog_ms = strtoll(usec, NULL, 10) / 1000 / 3;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void service_tell(const char *text)
{
    if (state.fd < 0)
        return;
    ssize_t ignored = send(state.fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)ignored; /* nobody to tell it */
}

void service_status(const char *format, ...)
{
    char text[sizeof state.last];
    va_list ap;
    va_start(ap, format);
    int n = snprintf(text, sizeof text, "STATUS=");
    vsnprintf(text + n, sizeof text - (size_t)n, format, ap);
    va_end(ap);
    if (strcmp(text, state.last) == 0)
        return;
    memcpy(state.last, text, sizeof text);
    service_tell(text);
}

int64_t service_watchdog_ms(void)
{
    return state.watchdog_ms;
}
