/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Public keys as in-toto's layouts hold them:
 *
 *     {"keyid":ID,"keytype":"ecdsa","scheme":"ecdsa-sha2-nistp256","keyval":{"public":PEM}}
 *
 * The key id is a name and no more, that two keys of a layout do not share: who is who is told by
 * the key itself.
 */

#include "lib/ed25519.h"
#include "lib/json.h"
#include "lib/pubkey.h"

#define IN_TOTO_KEY_ID_MAX 128 /* hexadecimal digits */

struct in_toto_key {
        char id[IN_TOTO_KEY_ID_MAX + 1];
        const struct algorithm *algorithm; /* NULL: Ed25519 */
        struct pubkey *pubkey;             /* NULL: Ed25519 */
        uint8_t ed25519[ED25519_KEY_SIZE];
        struct sha256 fingerprint; /* of the DER SPKI */
};

void in_toto_key_done(struct in_toto_key *key);

/* Reads such an object. The `keyid` in it may be missing and is @id otherwise; NULL stands for
 * whatever it says, or would by default. -EBADMSG: no key, with the reason; -EOPNOTSUPP: of a type,
 * scheme or size that is not verified here; -ENOMEM. */
int in_toto_key_parse(const json_t *object, const char *id, struct in_toto_key *ret,
                      struct problem *problem) _must_use_;

/* Reads the file of a key: PEM, or such an object. Errors as in_toto_key_parse(). */
int in_toto_key_parse_file(struct view text, struct in_toto_key *ret,
                           struct problem *problem) _must_use_;

/* Sets @ret up with a key of ours; shares nothing with it. -EOPNOTSUPP: in-toto has no scheme for
 * it; -ENOMEM. */
int in_toto_key_of(const struct pubkey *pubkey, const struct algorithm *algorithm,
                   struct in_toto_key *ret) _must_use_;

/* The object. NULL without memory. */
json_t *in_toto_key_to_json(const struct in_toto_key *key) _must_use_;

/* The id that in-toto before version 2 computes, which covers another member. */
int in_toto_key_old_id(const struct in_toto_key *key, char ret[HEX_SIZE(SHA256_SIZE)]) _must_use_;

/* 0 if and only if the signature is one of @message by this key. -EKEYREJECTED: it is not; -ENOMEM.
 */
int in_toto_key_verify(const struct in_toto_key *key, struct view message,
                       struct view signature) _must_use_;

int in_toto_key_is_same(const struct in_toto_key *a, const struct in_toto_key *b);

/* Whether @id can be the id of a key: 8 to IN_TOTO_KEY_ID_MAX lowercase hexadecimal digits. */
int in_toto_key_id_is_valid(const char *id);
