// SPDX-License-Identifier: Apache-2.0
#include "cgi/hook/refusals.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "gen/queries.h"

#define LOG_PER_SECOND 5
#define REASONS_MAX    16 /* items kept free for those of no sender */

static void log_refusal(struct refusals *r, const struct request *req, const char *sender,
                        const char *reason)
{
    int64_t now = clock_monotonic_ms();
    if (now - r->log_window_ms >= 1000) {
        if (r->unlogged)
            log_event(LOG_WARN, "refused-more", "count", log_num(r->unlogged), NULL);
        r->log_window_ms = now;
        r->logged = r->unlogged = 0;
    }
    if (r->logged >= LOG_PER_SECOND) {
        r->unlogged++;
        return;
    }
    r->logged++;
    log_event(LOG_WARN, "refused", "reason", reason, "sender", sender, "client",
              request_variable(req, "REMOTE_ADDR"), "request", request_id(req), NULL);
}

/* False where it would need a new item, and there are `max` already. */
static bool count(struct refusals *r, const char *sender, const char *reason, size_t max)
{
    for (size_t i = 0; i < r->count; i++) {
        if (!strcmp(r->items[i].reason, reason) && !strcmp(r->items[i].sender, sender)) {
            r->items[i].count++;
            return true;
        }
    }
    if (r->count >= max)
        return false;
    struct refusal *item = &r->items[r->count++];
    memcpy(item->sender, sender, strlen(sender) + 1);
    item->reason = reason;
    item->count = 1;
    return true;
}

void refusals_add(struct refusals *r, const struct request *req, const char *sender,
                  const char *reason)
{
    bool plain = sender && strlen(sender) < sizeof(r->items[0].sender) && !strpbrk(sender, "\"\\");
    log_refusal(r, req, sender, reason);
    if (!count(r, plain ? sender : "", reason, REFUSALS_MAX - REASONS_MAX))
        count(r, "", reason, REFUSALS_MAX);
}

bool refusals_due(const struct refusals *r)
{
    return r->count > 0 &&
           (!r->written_ms || clock_monotonic_ms() - r->written_ms >= REFUSALS_EVERY);
}

/* {"a","b"}: refusals_add takes no name that an array's text would have to escape. */
static void add_item(struct buf *array, const char *text)
{
    buf_addf(array, "%s\"%s\"", array->len ? "," : "{", text);
}

void refusals_later(struct refusals *r)
{
    r->written_ms = clock_monotonic_ms();
}

int refusals_write(struct refusals *r, struct db *db, struct err *e)
{
    struct buf senders = BUF_INIT, reasons = BUF_INIT, counts = BUF_INIT;
    for (size_t i = 0; i < r->count; i++) {
        add_item(&senders, r->items[i].sender);
        add_item(&reasons, r->items[i].reason);
        buf_addf(&counts, "%s%lld", i ? "," : "{", (long long)r->items[i].count);
    }
    buf_add_char(&senders, '}');
    buf_add_char(&reasons, '}');
    buf_add_char(&counts, '}');
    int status = db_call(db, &query_note_refusals, NULL, e, buf_str(&senders), buf_str(&reasons),
                         buf_str(&counts));
    if (status == 0) {
        r->count = 0;
        r->written_ms = clock_monotonic_ms();
    }
    buf_free(&senders);
    buf_free(&reasons);
    buf_free(&counts);
    return status;
}
