// SPDX-License-Identifier: Apache-2.0
/*
 * The accept loop over libfcgi: one request at a time, until SIGTERM, which lets the request in
 * hand (and those that already wait on the socket) finish. Started without a FastCGI socket it
 * answers the one request of its CGI environment: tests and fuzzing use that.
 */
#ifndef CGI_HTTP_SERVER_H
#define CGI_HTTP_SERVER_H

#include "cgi/http/routes.h"

/* Serves until SIGTERM. Returns the process' exit code. Only main calls it. */
int server_run(const struct http_app *app);

#endif
