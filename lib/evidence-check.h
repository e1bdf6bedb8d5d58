/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What follows from a token's evidence about a key, step by step. Each step adds to what the ones
 * before have shown; none is worth anything without those.
 *
 *     evidence_check()             the parts belong together: the key of that ring entry is the one
 *                                  that the attestation key certifies, and both are as keys inside
 *                                  a TPM are; and if there is anything about its creation, that is
 *                                  of this key. A program can make all of this.
 *     evidence_check_nonce()       it is no older than the nonce
 *     evidence_check_authority()   an authority vouches for an endorsement key, or for the key
 *     evidence_check_secret()      the attestation key is in the TPM of that endorsement key, hence
 *                                  honest, hence all of the above is so
 */

#include "lib/attest-key.h"
#include "lib/certificate.h"
#include "lib/challenge.h"
#include "lib/evidence.h"
#include "lib/keyring.h"
#include "lib/tpm-object.h"

/* What is shown about the making of a key, once the attestation key is shown to be in a TPM. */
struct evidence_creation {
        int proved;
        struct creation data;   /* borrows from the evidence */
        struct tpm_name parent; /* a primary key of the owner hierarchy */
};

#define EVIDENCE_FIRMWARE_SIZE 24 /* "65535.65535.65535.65535" and NUL */

struct evidence_proof {
        struct pubkey *attestation_key; /* TPM */
        struct tpm_name attestation_name;
        struct attest_key attest; /* borrows from the evidence */
        char firmware[EVIDENCE_FIRMWARE_SIZE];
        struct evidence_creation creation;
        struct certificate *authority_for; /* of an endorsement key; PKCS#11: of the key */
        struct endorsed_device device;     /* of that endorsement key */
        int bound;                         /* evidence_check_secret() held */
};

void evidence_proof_done(struct evidence_proof *proof);

/* -EKEYREJECTED with what does not hold; -EBADMSG: a part does not parse; -ENOMEM. @ret is to be
 * freed with evidence_proof_done() in any case. */
int evidence_check(const struct evidence *evidence, const struct keyring_key *key,
                   struct evidence_proof *ret, struct problem *problem) _must_use_;

/* -EKEYREJECTED: another nonce, or the evidence is of a kind that has none. */
int evidence_check_nonce(const struct evidence *evidence, const struct evidence_proof *proof,
                         struct view nonce, struct problem *problem) _must_use_;

/* Sets proof->authority_for. -EKEYREJECTED: no certificate of the evidence leads to a root;
 * -ENOMEM. */
int evidence_check_authority(const struct evidence *evidence, const struct keyring_key *key,
                             const struct authorities *authorities, struct evidence_proof *proof,
                             struct problem *problem) _must_use_;

/* After evidence_check_authority(): the answer is the secret that was asked for, of the attestation
 * key and the endorsement certificate that it was asked of. Sets proof->bound. -EKEYREJECTED. */
int evidence_check_secret(const struct evidence *evidence, const struct challenge_secret *secret,
                          const struct authorities *authorities, struct evidence_proof *proof,
                          struct problem *problem) _must_use_;
