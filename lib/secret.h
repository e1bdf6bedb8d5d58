/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A PIN or an authorization value: read by the driver process that needs it and by nobody else,
 * wiped when it is done with.
 */

#include "lib/frame.h"

#define SECRET_MAX ((size_t)256) /* bytes */

struct secret {
        uint8_t data[SECRET_MAX];
        size_t size;
};

/* Where a secret is: the systemd credential named after the token, or the file of a setting. */
enum secret_kind {
        SECRET_PIN,   /* <token>.pin, PinFile=: of the user of the keys */
        SECRET_OWNER, /* <token>.owner, OwnerFile=: of the owner hierarchy of a TPM */
};

void secret_done(struct secret *secret);

/* Reads a secret of @token: the credential in $CREDENTIALS_DIRECTORY, else the file that @settings
 * name, which must be a regular file of root's or the own user's that nobody else can read. One
 * trailing newline is dropped. -ENOENT, without a reason: neither credential nor setting is there;
 * -EACCES: the file is not, or its owner or mode is wrong; -EMSGSIZE: longer than SECRET_MAX;
 * -EBADMSG: empty, or ending in a zero byte. */
int secret_read(const char *token, enum secret_kind kind, const struct facts *settings,
                struct secret *ret, struct problem *problem) _must_use_;
