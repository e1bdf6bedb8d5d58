/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The key ring: the one file a verifier trusts.
 *
 *     {"keys":[KEY…],"origin":"example.org/host42","type":"hallmark-keyring","v":1}
 *
 * in canonical JSON (lib/json.h) with a final newline, keys ordered by name and version, and after
 * it what signs it (lib/keyring-seal.h), or nothing. A KEY has
 * `algorithm created fingerprint name publicKey purpose state token version`, as in
 * io.hallmark.Signer, and may have `evidence` (lib/evidence.h), `transparency`, `useCounter`,
 * `witness`, and what has become of it: `overlap ended revoked destroyed reason`. The key with
 * purpose "log" signs checkpoints of the origin, and nothing else. A key whose private half is
 * elsewhere has `imported` instead of `token`: of it there is what an operator said, and no
 * evidence.
 */

#include "lib/gate.h"
#include "lib/json.h"

#define KEYRING_SIZE_MAX ((size_t)16 << 20)
#define KEY_NAME_MAX     64  /* characters */
#define KEY_TIME_SIZE    28  /* "2026-11-22T10:00:00.000000Z" and NUL */
#define KEY_REASON_MAX   256 /* bytes */

enum key_state { KEY_ACTIVE, KEY_RETIRED, KEY_REVOKED, KEY_DESTROYED };

enum key_purpose { KEY_GENERAL, KEY_MODEL, KEY_DATASET, KEY_PROVENANCE, KEY_LOG };

/* What else stands in the journal for each signature, so that other people's programs find it. */
enum key_transparency {
        TRANSPARENCY_NONE,
        TRANSPARENCY_REKOR, /* an entry of lib/hashedrekord.h, directly after its record */
};

struct keyring_key {
        char name[KEY_NAME_MAX + 1];
        char token[KEY_NAME_MAX + 1];
        char imported[KEY_TIME_SIZE]; /* when an operator brought it, and token is empty; empty: it
                                         was made in the token */
        char created[KEY_TIME_SIZE];  /* from then on it is active */
        char overlap[KEY_TIME_SIZE]; /* up to then it may sign for who asks for that version, though
                                        the next one has taken over; empty: it may not */
        char ended[KEY_TIME_SIZE];   /* up to then it was; empty: still is, or nobody knows */
        char revoked[KEY_TIME_SIZE]; /* from then on nothing is believed of it; empty: unknown, and
                                        so of a revoked key all */
        char destroyed[KEY_TIME_SIZE];   /* empty: not, or nobody knows */
        char reason[KEY_REASON_MAX + 1]; /* of its end; may be empty */
        uint32_t version;
        const struct algorithm *algorithm;
        enum key_purpose purpose;
        enum key_state state;
        enum key_transparency transparency;
        struct pubkey *pubkey;
        struct gate gate; /* what its TPM demands before it signs */
        json_t *evidence; /* of the hardware that it is in, as evidence_from_json() reads; or NULL
                           */
};

struct keyring_seal;

struct keyring {
        char *origin;
        struct keyring_key *keys;
        size_t count;
        struct keyring_seal *seal; /* lib/keyring-seal.h; NULL: the ring is not signed */
};

const char *key_state_name(enum key_state state);
int key_state_parse(const char *name, enum key_state *ret) _must_use_; /* -EBADMSG */
const char *key_purpose_name(enum key_purpose purpose);
int key_purpose_parse(const char *name, enum key_purpose *ret) _must_use_; /* -EBADMSG */

/* "rekor", as in records and rings; NULL for TRANSPARENCY_NONE, which is not written. */
const char *key_transparency_name(enum key_transparency transparency);

/* 1 to KEY_NAME_MAX of a-z A-Z 0-9 . _ - beginning with a letter or digit: key, token and grant
 * names. Such a name is safe as a file name. */
int key_name_is_valid(const char *name);

void keyring_key_done(struct keyring_key *key);

/* The JSON object of one key, as in the ring and on the socket. NULL without memory. */
json_t *keyring_key_to_json(const struct keyring_key *key) _must_use_;

/* Reads one such object, strictly. -EBADMSG, -EOPNOTSUPP (algorithm), -ENOMEM. */
int keyring_key_from_json(const json_t *object, struct keyring_key *ret,
                          struct problem *problem) _must_use_;

/* Whether it is the version that signs for who names no version: active, and none has taken over.
 */
int keyring_key_is_current(const struct keyring_key *key);

/* What the owner of the key says of its end: text of at most KEY_REASON_MAX bytes that is not
 * empty.
 */
int key_reason_is_valid(const char *reason);

/* Parses and checks a ring: canonical text, order, fingerprints that match the keys, no key twice
 * under two names or versions, at most one active version of a name but for those in their overlap,
 * windows that neither run backward nor overlap otherwise, and its signature, if it is signed.
 * -EBADMSG, -EOPNOTSUPP, -ENOMEM. */
int keyring_parse(struct view text, struct keyring *ret, struct problem *problem) _must_use_;

/* The same from a file of at most KEYRING_SIZE_MAX bytes, which has no other ring. Also the errno
 * of open() and read(). lib/keyring-set.c. */
int keyring_read(const char *path, struct keyring *ret, struct problem *problem) _must_use_;

/* A ring to be believed: of one that is signed, the log key must not have been revoked, nor have
 * ended before. Else also -EKEYREJECTED. */
int keyring_load(const char *path, struct keyring *ret, struct problem *problem) _must_use_;

void keyring_done(struct keyring *ring);

/* Appends the text of a ring; @keys in any order. */
int keyring_put(struct buf *buf, const char *origin, const struct keyring_key *keys,
                size_t count) _must_use_;

/* NULL if there is none. */
struct keyring_key *keyring_find_fingerprint(const struct keyring *ring,
                                             const struct sha256 *fingerprint);

/* Version 0 stands for the active one. */
struct keyring_key *keyring_find(const struct keyring *ring, const char *name, uint32_t version);
