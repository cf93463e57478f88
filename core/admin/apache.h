// SPDX-License-Identifier: Apache-2.0
/*
 * What Apache's configuration says about our programs: enough of its language (Include, Define,
 * IfDefine, IfModule, continued lines) to find the numbers that `deb-status check` compares. It
 * judges nothing, runs nothing, and a directive that it does not know is passed over.
 */
#ifndef CORE_ADMIN_APACHE_H
#define CORE_ADMIN_APACHE_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/err.h"

#define APACHE_DEFAULT_PATH "/etc/apache2/apache2.conf"

struct apache_program {
    bool served;       /* some address leads to it */
    bool by_socket;    /* over mod_proxy_fcgi */
    int max_processes; /* mod_fcgid; 0: not set for it. By socket the units', not Apache's business
                        */
};

struct apache_alias {
    const char *path, *folder; /* without slashes at their ends */
};

struct apache {
    struct apache_program hook, pages;
    bool has_fcgid;          /* mod_fcgid is loaded */
    int max_request_workers; /* 0: not set */
    int max_class_processes; /* FcgidMaxProcessesPerClass, Apache's default if not set */
    int max_processes;       /* FcgidMaxProcesses, likewise */
    long max_request_len;    /* FcgidMaxRequestLen, likewise */
    long body_limit;         /* DEB_STATUS_BODY_LIMIT; 0: not defined */
    const char *user;        /* or NULL */
    struct apache_alias *aliases;
    int alias_count;
    const char **roots; /* each DocumentRoot */
    int root_count;
    const char *archive_path, *archive; /* our alias of the archive, as our file has it; or NULL */
};

/* Reads path and what it includes; what cannot be read of the latter is left out. Strings live in
 * the arena. ERR_NOT_FOUND: no such file. */
int apache_read(const char *path, struct arena *arena, struct apache *out, struct err *e);

#endif
