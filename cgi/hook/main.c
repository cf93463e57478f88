// SPDX-License-Identifier: Apache-2.0
/* hook.fcgi: takes signed deliveries, records each with its job, answers. It does no other work. */
#include <string.h>

#include "cgi/hook/hook.h"
#include "cgi/http/server.h"
#include "core/base/clock.h"
#include "core/base/log.h"

static int refuse(struct hook *hook, struct request *req, struct response *res, int status,
                  const char *reason)
{
    const struct sender *sender = hook_sender(hook, req);
    response_error(res, status, reason);
    if (status == 503)
        response_header(res, "Retry-After", "5");
    refusals_add(&hook->refusals, req, sender ? sender->config->name : NULL, reason);
    return 0;
}

static int handle_post(struct request *req, struct response *res, void *data, struct err *e)
{
    (void)e;
    struct hook *hook = data;
    struct delivery delivery = {NULL, NULL, NULL};
    int status = 0;
    if (!hook->senders.config)
        return refuse(hook, req, res, 503, "database");
    const char *reason = hook_check(hook, req, &delivery, &status);
    if (reason)
        return refuse(hook, req, res, status, reason);
    reason = hook_deliver(hook, req, &delivery, res);
    if (reason)
        refusals_add(&hook->refusals, req, delivery.sender->config->name, reason);
    return 0;
}

static void bad_method(struct request *req, struct response *res, void *data)
{
    int status = hook_refused_before(req);
    if (status)
        refuse(data, req, res, status, status == 411 ? "length" : "size");
    else
        refuse(data, req, res, 405, "method");
}

static void begin(void *data)
{
    struct hook *hook = data;
    hook->begun_ms = clock_monotonic_ms();
    if (senders_refresh(&hook->senders))
        db_connector_drop(hook->database, false); /* it may name another database now */
}

static void end(void *data)
{
    hook_note_refusals(data, false);
}

static void idle(void *data)
{
    hook_note_refusals(data, false);
    hook_keep_connected(data);
}

/* A path that can be no sender's (/hook//x): an unknown one, answered like a wrong signature. */
static void not_found(struct request *req, struct response *res, void *data)
{
    if (req->method == METHOD_POST)
        handle_post(req, res, data, NULL);
    else
        bad_method(req, res, data);
}

static const struct route routes[] = {
    {METHOD_POST, "", ROUTE_RAW_PATH, handle_post, NULL},
    {METHOD_POST, "/", ROUTE_RAW_PATH, handle_post, NULL},
    {METHOD_POST, "/{sender}", ROUTE_RAW_PATH, handle_post, NULL},
    {0, NULL, 0, NULL, NULL},
};

int main(void)
{
    static struct hook hook;
    const struct http_app app = {
        .name = "hook.fcgi",
        .routes = routes,
        .data = &hook,
        .begin = begin,
        .idle = idle,
        .end = end,
        .bad_method = bad_method,
        .not_found = not_found,
    };
    log_open("hook.fcgi", LOG_INFO);
    hook.database = db_connector_new();
    senders_open(&hook.senders, config_find(NULL));
    int status = server_run(&app);
    hook_note_refusals(&hook, true);
    db_connector_free(hook.database);
    senders_close(&hook.senders);
    return status;
}
