// SPDX-License-Identifier: Apache-2.0
/*
 * Errors as values. A fallible function returns 0 or -1 (or a pointer or NULL) and fills a
 * struct err; each caller on the way up adds what it was trying to do. The text is one sentence
 * of our own, fit for a public page; raw words of other programs go into `detail`, which only
 * admins see (psql, `deb-status job`). This module allocates nothing and never exits.
 */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#include <stdbool.h>

enum err_code {
    ERR_NONE = 0,
    ERR_INPUT,     /* the input or the state is wrong: trying again changes nothing */
    ERR_TRANSIENT, /* a network, a peer, a moment: worth another try */
    ERR_NOT_READY, /* the other side is not there yet (indexes not rebuilt): try again soon */
    ERR_NOT_FOUND,
    ERR_DENIED,    /* refused by rights or by policy */
    ERR_DATABASE,  /* the database is away or hangs */
    ERR_SYSTEM,    /* a system call failed: disk full, permission, out of descriptors */
    ERR_CANCELLED, /* an admin's cancel, a lost lease */
};

struct err {
    enum err_code code;
    char text[1024];   /* our sentence, one line, no control characters */
    char detail[4096]; /* raw words of others, may be empty, may hold newlines */
};

/* Sets code and text, clears detail. Returns -1, for `return err_set(e, ...)`. e may be NULL. */
int err_set(struct err *e, enum err_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* As err_set with ERR_SYSTEM, and ": " strerror(errno) at the end. */
int err_errno(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "context: " before the text that is there. Returns -1. */
int err_context(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Stores raw words of another program beside the text; too long: the end is kept. Returns -1. */
int err_detail(struct err *e, const char *raw, long length);

/* Worth another try with backoff? (ERR_TRANSIENT, ERR_NOT_READY, ERR_DATABASE, ERR_SYSTEM) */
bool err_is_transient(const struct err *e);

void err_clear(struct err *e);

#endif
