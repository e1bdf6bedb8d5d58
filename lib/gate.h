/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TPM demands before it signs with a key: the key's policy (TPM 2.0 Part 1 §19.7), of which
 * nobody can take anything away, because it is part of the key's Name.
 *
 * A gate has two parts, and a key may have either or both. The witness: nothing is signed without
 * its signature over the one command that is sent (TPM2_PolicySigned with cpHash, without nonce and
 * expiration, so that an authorization is good for one digest of one key, and for ever). The use
 * counter: an NV index of type PIN_PASS that goes up by one with each use (TPM2_PolicySecret), that
 * can be written once, before its first use, and never again. Both end in
 * TPM2_PolicyCommandCode(Sign), so that such a key neither certifies nor quotes.
 *
 * Policies, Names and what a witness signs follow from the key ring alone. They are computed here,
 * without a TPM.
 */

#include "lib/tpm-public.h"

/* Handles of counters: a part of what TCG leaves to the owner (Registry of Reserved TPM 2.0 Handles
 * §2.2). */
#define GATE_COUNTER_FIRST ((uint32_t)0x01d10300)
#define GATE_COUNTER_LAST  ((uint32_t)0x01d103ff)
#define GATE_COUNTER_TEXT  11 /* "0x01d10300" and NUL */

#define GATE_PIN_LIMIT    UINT32_MAX /* uses that a counter allows */
#define GATE_REQUEST_SIZE ((size_t)36)
#define GATE_BRANCHES     3

struct gate {
        uint32_t counter;        /* handle of the NV index; 0: uses are not counted */
        struct pubkey *witness;  /* NULL: nobody is asked */
        struct pubkey *attester; /* of the counter; NULL: the TPM's word for it has no signature */
};

void gate_done(struct gate *gate);

/* Whether there is anything to be satisfied. */
int gate_is_closed(const struct gate *gate);

/* Takes the witness's key as DER SubjectPublicKeyInfo. -EOPNOTSUPP: not ECDSA P-256 with an
 * uncompressed point; else as pubkey_from_spki(). */
int gate_set_witness(struct gate *gate, struct view spki) _must_use_;

/* Takes the key that attests the counter, likewise. */
int gate_set_attester(struct gate *gate, struct view spki) _must_use_;

/* -ENOMEM. */
int gate_copy(const struct gate *gate, struct gate *ret) _must_use_;

/* The handle of a counter as in records and rings; returns @ret. */
char *gate_counter_text(uint32_t counter, char ret[GATE_COUNTER_TEXT]);

/* -EBADMSG: no such text, or out of the range. */
int gate_counter_parse(const char *text, uint32_t *ret) _must_use_;

/* The authPolicy of the key. -ENOMEM. */
int gate_policy(const struct gate *gate, struct sha256 *ret) _must_use_;

/* The Name of the key in the TPM. -EOPNOTSUPP as tpm_public_put_key(); -ENOMEM. */
int gate_key_name(const struct gate *gate, const struct pubkey *key,
                  const struct algorithm *algorithm, struct tpm_name *ret) _must_use_;

/* Appends the TPMS_NV_PUBLIC of a counter, before or after its one write. */
void gate_put_counter(struct buf *buf, uint32_t counter, int written);

/* The Name of a counter after its one write. -ENOMEM. */
int gate_counter_name(uint32_t counter, struct tpm_name *ret) _must_use_;

/* What TPM2_PolicyOR() is to be given for a counter: the policies of its one write, of reading and
 * of certifying it. */
void gate_counter_branches(struct sha256 ret[GATE_BRANCHES]);

/* The cpHash of TPM2_Sign() of @digest with the key of that Name, in the key's own scheme and
 * without a ticket (Part 1 §18.7). -ENOMEM. */
int gate_command(struct view key_name, struct view digest, struct sha256 *ret) _must_use_;

/* What the witness signs (ECDSA P-256, SHA-256) to let @key sign @digest: expiration ‖ cpHash (Part
 * 3 §23.3). @digest is algorithm->digest_size bytes. -EOPNOTSUPP, -ENOMEM. */
int gate_request(const struct gate *gate, const struct pubkey *key,
                 const struct algorithm *algorithm, struct view digest,
                 uint8_t ret[GATE_REQUEST_SIZE]) _must_use_;

/* 0 if and only if @authorization, DER, is the witness's signature of that request. The gate must
 * have a witness. -EKEYREJECTED, -EOPNOTSUPP, -ENOMEM. */
int gate_verify(const struct gate *gate, const struct pubkey *key,
                const struct algorithm *algorithm, struct view digest,
                struct view authorization) _must_use_;
