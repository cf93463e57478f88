// SPDX-License-Identifier: Apache-2.0
#include "cgi/http/server.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/log.h"

#define LISTEN_SOCKET 0 /* FastCGI: the web server hands it over as descriptor 0 */
#define IDLE_MS       1000
#define BODY_MS       3000 /* how long a body may take, if the web server hands it on as it comes */

extern char **environ;

static volatile sig_atomic_t stopping;

static void on_stop(int signal)
{
    (void)signal;
    stopping = 1;
}

struct serving {
    const struct http_app *app;
    struct arena arena;
    struct response response;
    struct buf out;
    sigset_t while_waiting; /* the mask in which SIGTERM is let through */
};

static void answer(struct serving *s, char *const *env, struct request_input input)
{
    struct request req;
    arena_reset(&s->arena);
    response_reset(&s->response);
    buf_reset(&s->out);
    request_init(&req, &s->arena, env, input);
    if (s->app->begin)
        s->app->begin(s->app->data);
    route_dispatch(s->app, &req, &s->response);
    response_write(&s->response, &req, &s->out);
}

struct fcgi_body {
    FCGX_Request *fcgi;
    int64_t until_ms;
};

/* mod_fcgid has the whole body before it asks; mod_proxy_fcgi passes it on while it comes, and a
 * slow client would hold this process. What stands in libfcgi's stream is taken at once; if it
 * would have to read on, it reads for one byte, and the socket waits no longer than the time that
 * is left. */
static long read_stream(void *data, char *out, size_t len)
{
    struct fcgi_body *body = data;
    FCGX_Stream *in = body->fcgi->in;
    long ready = in->stop - in->rdNext;
    if (ready <= 0) {
        int64_t left_ms = body->until_ms - clock_monotonic_ms();
        struct timeval left = {left_ms / 1000, left_ms % 1000 * 1000};
        if (left_ms <= 0 ||
            setsockopt(body->fcgi->ipcFd, SOL_SOCKET, SO_RCVTIMEO, &left, sizeof(left)) < 0)
            return -1;
        ready = 1;
    }
    return FCGX_GetStr(out, len > (size_t)ready ? (int)ready : (int)len, in);
}

static long read_stdin(void *data, char *out, size_t len)
{
    ssize_t n;
    do
        n = read(*(int *)data, out, len);
    while (n < 0 && errno == EINTR);
    return n;
}

static int run_cgi(struct serving *s)
{
    int in = STDIN_FILENO;
    answer(s, environ, (struct request_input){read_stdin, &in});
    if (file_write_all(STDOUT_FILENO, s->out.data, s->out.len))
        return 1;
    if (s->app->end)
        s->app->end(s->app->data);
    return 0;
}

/* Waits for a request. 1: one is there; 0: nothing for a second; -1: SIGTERM came and nothing
 * waits any more. A connection that the web server keeps open is waited on itself. */
static int wait_for_request(struct serving *s, const FCGX_Request *fcgi)
{
    bool kept = fcgi->keepConnection && fcgi->ipcFd >= 0;
    struct pollfd p = {.fd = kept ? fcgi->ipcFd : LISTEN_SOCKET, .events = POLLIN};
    struct timespec timeout = {IDLE_MS / 1000, 0};
    if (stopping)
        timeout.tv_sec = 0; /* what is in the socket's backlog was sent to us: answer it */
    int n = ppoll(&p, 1, &timeout, &s->while_waiting);
    if (n > 0)
        return 1;
    return stopping && n == 0 ? -1 : 0;
}

static void run_one(struct serving *s, FCGX_Request *fcgi)
{
    /* The socket does not block: if several processes share it, another may have been first. */
    if (FCGX_Accept_r(fcgi) < 0)
        return;
    struct fcgi_body body = {fcgi, clock_monotonic_ms() + BODY_MS};
    answer(s, fcgi->envp, (struct request_input){read_stream, &body});
    FCGX_PutStr(s->out.data, (int)s->out.len, fcgi->out);
    FCGX_Finish_r(fcgi);
    if (s->app->end)
        s->app->end(s->app->data);
    if (s->out.cap > 1u << 20)
        buf_free(&s->out);
}

static int run_fastcgi(struct serving *s)
{
    FCGX_Request fcgi;
    int flags = fcntl(LISTEN_SOCKET, F_GETFL);
    if (flags < 0 || fcntl(LISTEN_SOCKET, F_SETFL, flags | O_NONBLOCK) < 0 || FCGX_Init() != 0 ||
        FCGX_InitRequest(&fcgi, LISTEN_SOCKET, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
        log_event(LOG_ERROR, "fastcgi", "error", strerror(errno), NULL);
        return 1;
    }
    for (;;) {
        int ready = wait_for_request(s, &fcgi);
        if (ready < 0)
            break;
        if (ready > 0)
            run_one(s, &fcgi);
        else if (s->app->idle)
            s->app->idle(s->app->data);
    }
    FCGX_Free(&fcgi, 1);
    return 0;
}

/* SIGTERM is blocked but while waiting, so a request in hand is always finished. Apache sends
 * SIGTERM at each reload and SIGKILL 8 s later: no request may take longer. */
static void catch_signals(struct serving *s)
{
    struct sigaction action = {.sa_handler = on_stop};
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGTERM);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &s->while_waiting);
    sigdelset(&s->while_waiting, SIGTERM);
    sigdelset(&s->while_waiting, SIGINT);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int server_run(const struct http_app *app)
{
    struct serving s = {.app = app, .arena = ARENA_INIT, .response = RESPONSE_INIT};
    bool cgi = FCGX_IsCGI();
    catch_signals(&s);
    int status = cgi ? run_cgi(&s) : run_fastcgi(&s);
    arena_free(&s.arena);
    response_free(&s.response);
    buf_free(&s.out);
    return status;
}
