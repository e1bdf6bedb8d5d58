/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Public areas as a TPM 2.0 marshals them, and the Names that are their hashes (Part 1 §16), made
 * from what a verifier has: public keys, policies, handles. No TPM and no TPM library is needed.
 */

#include "lib/pubkey.h"

#define TPM_NAME_SIZE ((size_t)34) /* nameAlg SHA-256 and a digest */

struct tpm_name {
        uint8_t bytes[TPM_NAME_SIZE];
};

static inline struct view tpm_name_view(const struct tpm_name *name)
{
        return view_of(name->bytes, TPM_NAME_SIZE);
}

/* The Name of the object or index that has this public area. */
struct tpm_name tpm_name_of(struct view public);

/* Appends the TPMT_PUBLIC (Part 2 §12.2.4) of a signing key of @algorithm that is fixed to its TPM
 * and obeys nothing but @policy. -EOPNOTSUPP: a key that no TPM describes so (a compressed point,
 * an exponent other than 65537). */
int tpm_public_put_key(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm,
                       const struct sha256 *policy) _must_use_;

/* Appends the TPMT_PUBLIC of an ECDSA P-256 key outside of any TPM, whose signatures
 * TPM2_PolicySigned() checks: sign and userWithAuth, no policy, scheme ECDSA with SHA-256.
 * -EOPNOTSUPP. */
int tpm_public_put_verifier(struct buf *buf, const struct pubkey *key) _must_use_;

/* Appends the TPMT_PUBLIC of the ECDSA P-256 key that attests what a TPM says: restricted, so that
 * it signs nothing that the TPM did not make. -EOPNOTSUPP. */
int tpm_public_put_attester(struct buf *buf, const struct pubkey *key) _must_use_;

/* Appends the TPMS_NV_PUBLIC (Part 2 §13.5) of an index of @size bytes. */
void tpm_public_put_index(struct buf *buf, uint32_t handle, uint32_t attributes,
                          const struct sha256 *policy, uint16_t size);
