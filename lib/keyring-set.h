/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Key rings of several agents in one file: each as it is, with what signs it, one after the other
 * in the order of their origins.
 *
 * Nothing is signed anew, so each ring is as good as it was on its own, and one can be taken out
 * again. A key has a name only together with its origin; one public key is in one ring only.
 */

#include "lib/keyring.h"

#define KEYRING_SET_MAX 256 /* rings */

struct keyring_set {
        struct keyring *rings; /* ordered by origin */
        size_t count;          /* at least one */
};

void keyring_set_done(struct keyring_set *set);

/* Reads such a file; one ring alone is one as well. -EBADMSG, -EOPNOTSUPP with the reason; -ENOMEM.
 */
int keyring_set_parse(struct view text, struct keyring_set *ret,
                      struct problem *problem) _must_use_;

/* The same from a file, of rings to be believed as keyring_load() has it. Also -EKEYREJECTED, and
 * the errno of open() and read(). */
int keyring_set_load(const char *path, struct keyring_set *ret, struct problem *problem) _must_use_;

/* Appends the text. */
int keyring_set_put(struct buf *buf, const struct keyring_set *set) _must_use_;

/* Adds the rings of @more, which is empty then. Of two of one origin, the one that may take the
 * place of the other stays (lib/keyring-diff.h). -EKEYREJECTED: neither may, or one public key is
 * in rings of two origins, with the reason; -EMSGSIZE: too many; -ENOMEM. On failure both are to be
 * thrown away. */
int keyring_set_merge(struct keyring_set *set, struct keyring_set *more,
                      struct problem *problem) _must_use_;

/* Leaves the rings whose origin is @pattern or matches it (lib/wildcard.h). -ENOKEY: there is none;
 * the set is empty then, and is no set. */
int keyring_set_keep(struct keyring_set *set, const char *pattern) _must_use_;

/* NULL if there is none of that origin. */
const struct keyring *keyring_set_find(const struct keyring_set *set, struct view origin);
