// SPDX-License-Identifier: Apache-2.0
/*
 * Our own signature (publish.sign-with). The key is read by a process of its own that is started
 * before the run gives its rights away and before anything of a host is looked at; the run hands it
 * texts and gets signatures. It signs only what is a Release of one of the mirror's suites.
 */
#ifndef CORE_ARCHIVE_SIGNER_H
#define CORE_ARCHIVE_SIGNER_H

#include <stddef.h>
#include <sys/types.h>

#include "core/archive/hash.h"
#include "core/archive/place.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/config/config.h"

struct signer;

/* Starts it; NULL with an error. Stop it with signer_stop. */
struct signer *signer_start(const struct config *config, const struct config_mirror *mirror,
                            const struct place *place, struct err *e);
void signer_stop(struct signer *s);
pid_t signer_pid(const struct signer *s);

/* A clear-signed and a detached signature of a Release text. */
int signer_sign(struct signer *s, const char *text, size_t len, struct buf *inline_signed,
                struct buf *detached, struct err *e);
/* Which key it has: a hash of its file, so that another one is noticed. */
int signer_key_id(struct signer *s, char id[SHA256_HEX], struct err *e);
/* The key's public half, binary and armoured. */
int signer_public_key(struct signer *s, struct buf *binary, struct buf *armoured, struct err *e);

#endif
