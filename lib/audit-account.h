/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a journal says of the signatures of one audited token, held against what its TPM says.
 *
 * Signatures come in from their records, wait to be named by an `audit` record, and must not wait
 * for longer than the second one. Nothing here reports: the functions return what is wrong.
 */

#include "lib/attest.h"
#include "lib/command-audit.h"
#include "lib/keyring.h"
#include "lib/record-scan.h"
#include "lib/tree-window.h"

#define AUDIT_ACCOUNT_WAITING_MAX 16384 /* more than an agent puts into two intervals */

struct audit_waiting {
        uint64_t index;
        const struct keyring_key *key;
        uint8_t message[DIGEST_SIZE_MAX];
        uint16_t response_size; /* 0: of an `intent`, which has no signature */
        uint8_t response[400];  /* as a TPM answers most probably; RSA-3072 is the longest */
        int named;              /* by an `audit` record */
        int excused;            /* an interval was broken in which it may have been */
};

struct audit_account {
        char token[KEY_NAME_MAX + 1];
        uint64_t newest, before; /* the last `audit` record, and the one before */
        int known;               /* digest and counter are those after the last one */
        uint64_t settled;        /* records before this one hold; 0: after the last `audit` */
        int restarted;           /* the token is ready again, and has not attested since */
        struct sha256 digest;
        uint64_t counter;
        struct sha256 key; /* SHA-256 of the attestation key's text */
        struct audit_waiting *waiting;
        size_t count;
};

/* What the digest is computed with, besides the account. */
struct audit_context {
        const char *origin;
        const struct keyring *ring;
        struct tree_window *window;
};

void audit_account_done(struct audit_account *account);

/* A signature as a record has it. */
struct audit_signed {
        const struct keyring_key *key;
        uint8_t message[DIGEST_SIZE_MAX];
        struct view signature; /* in base64; borrowed from the record */
        int is_intent;         /* no: the record says that nobody was given it */
};

/* That of a `sign` record, or an `intent`, by @key. -ENOMEM; -EBADMSG. */
int audit_signed_read(const struct record *record, const struct keyring_key *key,
                      struct audit_signed *ret) _must_use_;

/* Record @index has it, by a key of this token. A record may have two: in the order in which the
 * TPM made them. That of an intent need not be named. -ENOBUFS: too many wait; -ENOMEM; -EBADMSG.
 */
int audit_account_add(struct audit_account *account, uint64_t index,
                      const struct audit_signed *made) _must_use_;

/* What a good `audit` record says. */
struct audit_claim {
        struct buf response, name;
        struct view attest_bytes, signature;
        struct attest_audit attest;
        struct sha256 key;
        int broken, foreign; /* as the agent said of it */
};

/* Takes it out of the record and checks that the attestation key has signed it: that key signs, its
 * Name is in the attestation, the algorithm and the list of commands are the expected ones, and the
 * qualifying data is the root of the tree that the record names. -EBADMSG, -EKEYREJECTED with the
 * reason; -ENOMEM. To be freed in any case. */
int audit_claim_read(const struct record *record, const struct audit_context *context,
                     struct audit_claim *ret, struct problem *problem) _must_use_;
void audit_claim_done(struct audit_claim *claim);

/* Computes the digest of the commands in the record. -EKEYREJECTED: it is not the attested one, or
 * a command is not as it should be; -EBADMSG: no such command. Signatures that are named are
 * marked. */
int audit_account_check(struct audit_account *account, const struct record *record,
                        const struct audit_claim *claim, const struct audit_context *context,
                        struct problem *problem) _must_use_;

/* What it knows, as members of an object, and back into an account without waiting signatures; keys
 * of the ring by their place in it. -ENOMEM; -EBADMSG with the reason. */
int audit_account_save(const struct audit_account *account, const struct keyring *ring,
                       json_t *ret) _must_use_;
int audit_account_restore(struct audit_account *account, const struct keyring *ring,
                          const json_t *saved, struct problem *problem) _must_use_;

/* How far a good `audit` record at @index settles what the journal has: up to the first signature
 * that no interval has named yet. */
uint64_t audit_account_settle(const struct audit_account *account, uint64_t index);

/* The next interval begins after the `audit` record @index. */
void audit_account_begin(struct audit_account *account, uint64_t index,
                         const struct audit_claim *claim, int excuse);

/* Takes out a signature that no interval has named, although it should have: 1, else 0. */
int audit_account_take_forgotten(struct audit_account *account, uint64_t *ret);
