// SPDX-License-Identifier: Apache-2.0
/*
 * The configured senders with their secrets in memory: read at start, read anew when the
 * configuration or a secret's file changes (looked at once a second). A configuration that does not
 * load keeps the old one.
 */
#ifndef CGI_HOOK_SENDERS_H
#define CGI_HOOK_SENDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/hook/signature.h"
#include "core/base/arena.h"
#include "core/config/config.h"

struct sender {
    const struct config_sender *config;
    struct signature_key *keys;
    const char **key_files; /* beside each key: its file's name without folders */
    size_t key_count;
};

struct senders {
    const char *path;      /* of the configuration */
    struct config *config; /* NULL until one loads */
    struct arena arena;
    struct sender *items;
    uint64_t files_seen;   /* what a stat of the secrets' files gave */
    int64_t looked_ms;     /* clock_monotonic_ms of the last look; 0: never */
    unsigned char *memory; /* where the keys are, wiped when they go */
    size_t memory_len;
    char error[sizeof(((struct err *)NULL)->text)]; /* of the last load; "" */
};

void senders_open(struct senders *s, const char *path);
void senders_close(struct senders *s);

/* Once a second: looks at the files and loads what changed; the other calls cost nothing. True
 * where something was loaded. */
bool senders_refresh(struct senders *s);

/* NULL where there is none of that name. */
const struct sender *senders_find(const struct senders *s, const char *name);

#endif
