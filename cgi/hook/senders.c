// SPDX-License-Identifier: Apache-2.0
#include "cgi/hook/senders.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/fnv.h"
#include "core/base/log.h"

#define LOOK_EVERY_MS 1000

/* One number over the secrets' files: another one means that a file was replaced or written. */
static uint64_t secrets_stat(const struct config *config)
{
    uint64_t sum = FNV_START;
    for (size_t i = 0; i < config->sender_count; i++) {
        const struct config_strings *files = &config->senders[i].secrets;
        for (size_t k = 0; k < files->count; k++) {
            struct stat st = {0};
            if (stat(files->items[k], &st) < 0)
                st.st_ino = 0;
            const uint64_t parts[] = {(uint64_t)st.st_ino, (uint64_t)st.st_size,
                                      (uint64_t)st.st_mode, (uint64_t)st.st_ctim.tv_sec,
                                      (uint64_t)st.st_ctim.tv_nsec};
            sum = fnv_add(sum, parts, sizeof(parts));
        }
    }
    return sum;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Reads one secret into the memory that is wiped later. A secret that cannot be used is logged and
 * left out: the sender's others, and the other senders, go on. */
static void secret_load(struct senders *s, struct sender *sender, const char *file)
{
    struct err e = {.code = ERR_NONE};
    struct buf text = BUF_INIT;
    unsigned char *to = s->memory + s->memory_len;
    long len = -1;
    if (config_read_secret(file, &text, &e) == 0) {
        if (sender->config->profile != PROFILE_STANDARD)
            memcpy(to, text.data, (size_t)(len = (long)text.len));
        else if ((len = config_decode_secret(buf_str(&text), to)) < 0)
            err_set(&e, ERR_INPUT, "it is not the base64 of 16 bytes or more");
    }
    if (text.data)
        OPENSSL_cleanse(text.data, text.cap);
    buf_free(&text);
    if (len < 0) {
        log_event(LOG_ERROR, "secret", "sender", sender->config->name, "file", base_name(file),
                  "error", e.text, NULL);
        return;
    }
    sender->keys[sender->key_count] = (struct signature_key){to, (size_t)len};
    sender->key_files[sender->key_count++] = arena_strdup(&s->arena, base_name(file));
    s->memory_len += (size_t)len;
}

static void secrets_drop(struct senders *s)
{
    if (s->memory)
        OPENSSL_cleanse(s->memory, s->memory_len);
    free(s->memory);
    s->memory = NULL;
    s->memory_len = 0;
    s->items = NULL;
    arena_reset(&s->arena);
}

/* Room for most_keys, all of them filling. */
static struct signature_key *keys_make(struct senders *s)
{
    struct signature_key *keys = arena_alloc(&s->arena, s->most_keys * sizeof(*keys));
    for (size_t i = 0; i < s->most_keys; i++)
        keys[i] = (struct signature_key){s->fill, sizeof(s->fill)};
    return keys;
}

static void secrets_load(struct senders *s)
{
    size_t count = 0;
    secrets_drop(s);
    s->most_keys = 1;
    for (size_t i = 0; i < s->config->sender_count; i++) {
        size_t own = s->config->senders[i].secrets.count;
        count += own;
        s->most_keys = own > s->most_keys ? own : s->most_keys;
    }
    s->memory = calloc(count + 1, CONFIG_SECRET_BYTES);
    if (!s->memory)
        abort();
    s->unknown = keys_make(s);
    s->items = arena_alloc(&s->arena, (s->config->sender_count + 1) * sizeof(*s->items));
    for (size_t i = 0; i < s->config->sender_count; i++) {
        const struct config_sender *config = &s->config->senders[i];
        struct sender *sender = &s->items[i];
        sender->config = config;
        sender->keys = keys_make(s);
        sender->key_files =
            arena_alloc(&s->arena, (config->secrets.count + 1) * sizeof(*sender->key_files));
        for (size_t k = 0; k < config->secrets.count; k++)
            secret_load(s, sender, config->secrets.items[k]);
    }
}

void senders_open(struct senders *s, const char *path)
{
    *s = (struct senders){.path = path, .arena = ARENA_INIT};
    if (RAND_bytes(s->fill, sizeof(s->fill)) != 1)
        abort();
    senders_refresh(s);
}

void senders_close(struct senders *s)
{
    secrets_drop(s);
    config_free(s->config);
    arena_free(&s->arena);
    s->config = NULL;
}

static bool config_refresh(struct senders *s)
{
    struct err e = {.code = ERR_NONE};
    if (s->config && !config_is_stale(s->config))
        return false;
    struct config *config = config_load(s->path, CONFIG_HOOK, &e);
    if (!config) {
        if (strcmp(s->error, e.text) != 0) /* the same one each second is no news */
            log_event(LOG_ERROR, "configuration", "error", e.text, NULL);
        memcpy(s->error, e.text, sizeof(s->error));
        return false;
    }
    s->error[0] = '\0';
    secrets_drop(s);
    config_free(s->config);
    s->config = config;
    return true;
}

bool senders_refresh(struct senders *s)
{
    int64_t now = clock_monotonic_ms();
    if (s->looked_ms && now - s->looked_ms < LOOK_EVERY_MS)
        return false;
    s->looked_ms = now;
    bool changed = config_refresh(s);
    if (!s->config)
        return false;
    uint64_t seen = secrets_stat(s->config);
    if (!changed && seen == s->files_seen)
        return false;
    s->files_seen = seen;
    secrets_load(s);
    return true;
}

const struct sender *senders_find(const struct senders *s, const char *name)
{
    for (size_t i = 0; s->items && i < s->config->sender_count; i++)
        if (!strcmp(s->items[i].config->name, name))
            return &s->items[i];
    return NULL;
}
