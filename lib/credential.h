/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A secret that one TPM alone can tell, and only while it holds a certain key: what
 * TPM2_MakeCredential() does (TPM 2.0 Part 1 §24), done without a TPM by whoever wants the proof.
 *
 * TPM2_ActivateCredential() gives the secret back if the endorsement key and a key of that Name are
 * both in the TPM.
 */

#include "lib/endorsement.h"
#include "lib/pubkey.h"

#define CREDENTIAL_SECRET_SIZE ((size_t)32)
#define CREDENTIAL_SIZE_MAX    ((size_t)512) /* of each of the two parts */

struct credential {
        struct buf blob;      /* TPMS_ID_OBJECT: what TPM2B_ID_OBJECT holds */
        struct buf encrypted; /* what TPM2B_ENCRYPTED_SECRET holds */
};

void credential_done(struct credential *credential);

/* The row of the endorsement key with this DER SubjectPublicKeyInfo. -EBADMSG: no public key;
 * -EOPNOTSUPP: no such row. */
int credential_endorsement(struct view spki, const struct endorsement **ret) _must_use_;

/* @secret is at most as long as the row's hash. -EBADMSG, -EOPNOTSUPP as above; -EMSGSIZE;
 * -ENOMEM. */
int credential_make(struct view spki, struct view name, struct view secret,
                    struct credential *ret) _must_use_;
