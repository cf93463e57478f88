// SPDX-License-Identifier: Apache-2.0
/* What hook.fcgi keeps from one request to the next. */
#ifndef CGI_HOOK_HOOK_H
#define CGI_HOOK_HOOK_H

#include "cgi/hook/refusals.h"
#include "cgi/hook/senders.h"
#include "cgi/http/response.h"
#include "core/db/connector.h"

#define HOOK_BODY_BYTES 65536 /* if a sender has no body-limit, and for unknown senders */

struct hook {
    struct senders senders;
    struct refusals refusals;
    struct db_connector *database;
    int64_t begun_ms;  /* the request in hand, or the pause between two */
    int64_t logged_ms; /* the last line about the database being away */
};

/* A request whose signature is right: the delivery that it brings. */
struct delivery {
    const struct sender *sender;
    const char *id;     /* what is remembered against replay */
    const char *secret; /* name of the secret's file that signed it */
};

/* cgi/hook/check.c: all that is checked before the database is asked, in the contract's order.
 * NULL: *delivery is filled and the body read; else the reason, and *status. */
const char *hook_check(struct hook *hook, struct request *req, struct delivery *delivery,
                       int *status);

/* 411 or 413 if Apache refused the request by itself, before it read a body, and asks us for
 * the answer with a GET of its own (ErrorDocument in apache/deb-status.conf); else 0. */
int hook_refused_before(const struct request *req);

/* The sender that the path names, NULL if none is configured: "/NAME", or "" for `default`. */
const struct sender *hook_sender(const struct hook *hook, const struct request *req);

/* cgi/hook/delivery.c: one call of the SQL function accept, which commits delivery and job, and
 * the answer made of what it returns. NULL: answered 2xx; else the reason of the refusal. */
const char *hook_deliver(struct hook *hook, struct request *req, const struct delivery *delivery,
                         struct response *res);

/* Between requests: begins to connect if there is no connection, or goes on with it. */
void hook_keep_connected(struct hook *hook);

/* Writes the refusals if they are due and the database is there; force: due or not. */
void hook_note_refusals(struct hook *hook, bool force);

#endif
