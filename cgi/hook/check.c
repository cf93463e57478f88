// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <time.h>

#include "cgi/hook/hook.h"

int hook_refused_before(const struct request *req)
{
    const char *status = request_variable(req, "REDIRECT_STATUS");
    if (!status || req->method == METHOD_POST)
        return 0;
    return !strcmp(status, "411") ? 411 : !strcmp(status, "413") ? 413 : 0;
}

const struct sender *hook_sender(const struct hook *hook, const struct request *req)
{
    const char *name = req->path;
    if (hook_refused_before(req)) {
        const char *original = request_variable(req, "REDIRECT_URL");
        size_t script = strlen(req->script);
        if (!original || strncmp(original, req->script, script) != 0)
            return NULL;
        name = original + script;
    }
    if (*name == '/')
        name++;
    return senders_find(&hook->senders, *name ? name : "default");
}

/* 411 and 413: Apache refuses both before (apache/deb-status.conf); this is for other servers and
 * for a sender whose limit is below the largest. */
static const char *check_size(const struct sender *sender, const struct request *req,
                              size_t *length, int *status)
{
    size_t limit = sender && sender->config->body_limit > 0 ? (size_t)sender->config->body_limit
                                                            : HOOK_BODY_BYTES;
    if (request_header(req, "transfer-encoding") || request_content_length(req, length) < 0) {
        *status = 411;
        return "length";
    }
    if (*length > limit) {
        *status = 413;
        return "size";
    }
    return NULL;
}

/* The profile's headers and its id against replay. */
static int check_signature(const struct senders *senders, const struct sender *sender,
                           struct request *req, const char **id)
{
    bool known = sender && sender->key_count > 0;
    const struct signature_key *keys = known ? sender->keys : senders->unknown;
    size_t count = senders->most_keys;
    enum config_profile profile = known ? sender->config->profile : PROFILE_STANDARD;
    struct signature_input in = {.body = req->body, .body_len = req->body_len, .now = time(NULL)};
    char hash[SIGNATURE_HEX_SIZE];
    int key;
    signature_hash(req->body, req->body_len, hash);
    switch (profile) {
    case PROFILE_GITHUB: /* nothing but the body is signed: its hash is all that can be trusted */
        in.signature = request_header(req, "x-hub-signature-256");
        key = signature_check_github(&in, keys, count);
        *id = arena_strdup(req->arena, hash);
        break;
    case PROFILE_HMAC:
        in.signature = sender->config->header ? request_header(req, sender->config->header) : NULL;
        key = signature_check_hmac(&in, keys, count);
        *id = arena_printf(req->arena, "%s:%lld", hash, (long long)in.now / 60);
        break;
    default:
        in.id = request_header(req, "webhook-id");
        in.timestamp = request_header(req, "webhook-timestamp");
        in.signature = request_header(req, "webhook-signature");
        key = signature_check_standard(&in, keys, count);
        *id = in.id;
    }
    return known && key < (int)sender->key_count ? key : -1;
}

const char *hook_check(struct hook *hook, struct request *req, struct delivery *delivery,
                       int *status)
{
    const struct sender *sender = hook_sender(hook, req);
    size_t length = 0;
    const char *reason = check_size(sender, req, &length, status);
    if (reason)
        return reason;
    if (!request_is_json(req)) {
        *status = 415;
        return "type";
    }
    if (request_read_body(req, length) < 0) { /* the client went away in the middle */
        *status = 400;
        return "body";
    }
    delivery->sender = sender;
    int key = check_signature(&hook->senders, sender, req, &delivery->id);
    if (key < 0) {
        *status = 401;
        return "signature";
    }
    delivery->secret = sender->key_files[key];
    return NULL;
}
