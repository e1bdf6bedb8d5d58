/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The keys that a verifier trusts: a key ring, or one public key; and which of them made a
 * signature.
 */

#include "lib/format.h"
#include "lib/key-window.h"
#include "lib/keyring-set.h"

struct trust {
        struct keyring_set set;            /* what the file has */
        struct keyring_key *all;           /* the keys of all of them, if there are several */
        struct keyring ring;               /* of these keys, or the one that was chosen; borrows */
        struct pubkey *pubkey;             /* instead of a ring */
        const char *origin;                /* pattern of the rings to trust; NULL: there is one */
        const char *key_name;              /* NULL: any of the ring */
        const struct algorithm *algorithm; /* of the public key; NULL: any that fits */
        const char *purpose;               /* that the key must have; NULL: any */
        const char *name_space;            /* of SSH signatures */
        struct key_moment moment;          /* when it was signed, as far as that is proved */
};

/* Who signed. */
struct trust_proof {
        const struct keyring_key *key; /* NULL: the public key */
        const struct algorithm *algorithm;
};

void trust_done(struct trust *trust);

/* Reads the ring or the key; the other is NULL. The other members have been set. -EKEYREJECTED:
 * there is no ring of the origin. -EINVAL, also for several rings and nothing that says which of
 * them; and the errors of keyring_load(), pubkey_from_pem() and file_read(). */
int trust_load(struct trust *trust, const char *ring, const char *public_key,
               struct problem *problem) _must_use_;

/* Of several rings, only the one of that origin is to be trusted from now on: whose journal it is
 * about. -EKEYREJECTED: there is none. */
int trust_choose(struct trust *trust, struct view origin, struct problem *problem) _must_use_;

/* The same by the origin of a signed checkpoint, or of that in a tlog-proof; what is none is left
 * to who reads it. */
int trust_choose_by_checkpoint(struct trust *trust, struct view note,
                               struct problem *problem) _must_use_;
int trust_choose_by_proof(struct trust *trust, struct view proof,
                          struct problem *problem) _must_use_;

/* Of which ring the key is; NULL: of none. */
const char *trust_origin(const struct trust *trust, const struct keyring_key *key);

/* Whether there are key rings and each is signed. */
int trust_is_signed(const struct trust *trust);

/* What signs the ring that has the key; NULL: nothing. That the ring names its log key itself makes
 * that nobody's whom the verifier knows. */
const struct keyring_seal *trust_seal(const struct trust *trust, const struct keyring_key *key);

/* 0 if and only if one of the keys made this signature of the content, and may be believed.
 * -EKEYREJECTED with the reason; the errno of what cannot be read. */
int trust_verify(const struct trust *trust, struct signature *signature,
                 struct format_content *content, struct trust_proof *ret,
                 struct problem *problem) _must_use_;

/* Whether what this key of the ring signed may be believed. -EKEYREJECTED with the reason. */
int trust_check_standing(const struct trust *trust, const struct keyring_key *key, const char *what,
                         struct problem *problem) _must_use_;

/* The key that signed. */
const struct pubkey *trust_pubkey(const struct trust *trust, const struct trust_proof *proof);
