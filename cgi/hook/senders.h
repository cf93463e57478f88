// SPDX-License-Identifier: Apache-2.0
/*
 * The configured senders with their secrets in memory: read at start, read again when the
 * configuration or a secret's file changes (looked at once a second). A configuration that does not
 * load keeps the old one.
 *
 * Every request is checked against the same number of keys, so that its time does not tell how many
 * secrets a sender has or whether there is one of that name: missing keys are filled with random
 * bytes that nobody knows.
 */
#ifndef CGI_HOOK_SENDERS_H
#define CGI_HOOK_SENDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cgi/hook/signature.h"
#include "core/base/arena.h"
#include "core/config/config.h"

#define SENDERS_FILL_BYTES 32

struct sender {
    const struct config_sender *config;
    struct signature_key *keys; /* senders.most_keys: its own, then filling */
    const char **key_files;     /* beside each of its own: its file's name without folders */
    size_t key_count;           /* its own */
};

struct senders {
    const char *path;      /* of the configuration */
    struct config *config; /* NULL until one loads */
    struct arena arena;
    struct sender *items;
    struct signature_key
        *unknown;     /* most_keys of filling: what an unknown sender is checked with */
    size_t most_keys; /* of any sender, at least 1 */
    unsigned char fill[SENDERS_FILL_BYTES];
    uint64_t files_seen;   /* what a stat of the secrets' files gave */
    int64_t looked_ms;     /* clock_monotonic_ms of the last look; 0: never */
    unsigned char *memory; /* where the keys are, wiped when they go */
    size_t memory_len;
    char error[sizeof(((struct err *)NULL)->text)]; /* of the last load; "" */
};

void senders_open(struct senders *s, const char *path);
void senders_close(struct senders *s);

/* Once a second: looks at the files and loads what changed; the other calls cost nothing. True
 * if something was loaded. */
bool senders_refresh(struct senders *s);

/* NULL if there is none of that name. */
const struct sender *senders_find(const struct senders *s, const char *name);

#endif
