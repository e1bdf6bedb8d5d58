/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A PIN or an authorization value: read by the driver process that needs it and by nobody else,
 * wiped when it is done with.
 */

#include "lib/problem.h"

#define SECRET_MAX ((size_t)256) /* bytes */

struct secret {
        uint8_t data[SECRET_MAX];
        size_t size;
};

void secret_done(struct secret *secret);

/* Reads the secret of @token: the systemd credential "<token>.pin" in $CREDENTIALS_DIRECTORY, else
 * the file @pin_file (may be NULL), which must be a regular file of root's or the own user's that
 * nobody else can read. One trailing newline is dropped. -ENOENT: neither is there; -EACCES: the
 * file's owner or mode; -EMSGSIZE: longer than SECRET_MAX; -EBADMSG: empty or with a NUL
 * byte. */
int secret_read(const char *token, const char *pin_file, struct secret *ret,
                struct problem *problem) _must_use_;
