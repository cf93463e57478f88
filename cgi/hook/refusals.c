// SPDX-License-Identifier: Apache-2.0
#include "cgi/hook/refusals.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/db/array.h"
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

/* False if it would need a new item, and there are `max` already. */
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
    bool fits = sender && strlen(sender) < sizeof(r->items[0].sender);
    log_refusal(r, req, sender, reason);
    if (!count(r, fits ? sender : "", reason, REFUSALS_MAX - REASONS_MAX))
        count(r, "", reason, REFUSALS_MAX);
}

bool refusals_due(const struct refusals *r)
{
    return r->count > 0 &&
           (!r->written_ms || clock_monotonic_ms() - r->written_ms >= REFUSALS_EVERY);
}

void refusals_later(struct refusals *r)
{
    r->written_ms = clock_monotonic_ms();
}

int refusals_write(struct refusals *r, struct db *db, struct err *e)
{
    struct buf senders = BUF_INIT, reasons = BUF_INIT, counts = BUF_INIT;
    for (size_t i = 0; i < r->count; i++) {
        db_array_add_text(&senders, r->items[i].sender);
        db_array_add_text(&reasons, r->items[i].reason);
        db_array_add_int(&counts, r->items[i].count);
    }
    int status = db_call(db, &query_note_refusals, NULL, e, db_array_end(&senders),
                         db_array_end(&reasons), db_array_end(&counts));
    if (status == 0) {
        r->count = 0;
        r->written_ms = clock_monotonic_ms();
    }
    buf_free(&senders);
    buf_free(&reasons);
    buf_free(&counts);
    return status;
}
