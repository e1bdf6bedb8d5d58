/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What is kept of the making of a key in a token that can show it later: a file of its own beside
 * the key's (agent/keystore.h), in canonical JSON with a final newline.
 *
 *     {"createdFor":{…},"proof":B64,"v":1}
 *     {"createdFor":{…},"reason":"…","v":1}
 *
 * `createdFor` is as in lib/creation.h. `proof` is what the token's driver gave (lib/driver.h), and
 * only it reads that; `reason` says why there is none. Such a file is evidence and nothing else: no
 * key is worth less without it.
 */

#include "lib/creation.h"
#include "lib/driver.h"

#define KEY_CREATION_TEXT_MAX ((size_t)8192)

struct key_creation {
        json_t *created_for; /* NULL: nothing is known */
        struct buf proof;    /* empty: there is none, */
        char *reason;        /* since */
};

void key_creation_done(struct key_creation *creation);

/* Appends the file. -EMSGSIZE, -ENOMEM. */
int key_creation_put(struct buf *buf, const struct key_creation *creation) _must_use_;

/* Strictly. -EBADMSG, -ENOMEM. @ret is to be freed in any case. */
int key_creation_parse(struct view text, struct key_creation *ret,
                       struct problem *problem) _must_use_;
