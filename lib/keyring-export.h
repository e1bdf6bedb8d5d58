/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A key ring for programs that read other files: one row each.
 *
 * Of those, only allowed_signers has windows. So it has the keys that have ended, too, up to their
 * end; the others have active keys alone. Log keys are only in those files that are about logs.
 */

#include "lib/keyring.h"

struct keyring_export {
        const char *name;                            /* the word for --format */
        int (*takes)(const struct keyring_key *key); /* whether a key can be in it */
        int (*put)(struct buf *buf, const struct keyring *ring, const char *name,
                   struct problem *problem);
};

extern const char *const keyring_export_names[];

/* NULL if there is none. */
const struct keyring_export *keyring_export_find(const char *name);

/* Appends the file, with the key of that @name alone, or all (NULL). -EINVAL: there is none for
 * such a file; -EBADMSG: a time of a key is none; -EOPNOTSUPP: the format has no such algorithm;
 * each with the reason; -ENOMEM, -EMSGSIZE. */
int keyring_export_put(const struct keyring_export *format, const struct keyring *ring,
                       const char *name, struct buf *buf, struct problem *problem) _must_use_;

/* RFC 7517. lib/jwks.c. */
int jwks_put(struct buf *buf, const struct keyring *ring, const char *name,
             struct problem *problem) _must_use_;

/* Whether an export is of this key: an active one of that name, and no log key. */
int keyring_exports(const struct keyring_key *key, const char *name);
