/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What keys in the TPM look like (TPMT_PUBLIC, TPM 2.0 Part 2 §12.2.4): one template for the
 * storage parent, one for each signature algorithm. A key whose public area is not its template
 * plus a public point or modulus is not one of ours.
 */

#include "lib/endorsement.h"
#include "lib/gate.h"

#include <tss2/tss2_tpm2_types.h>

/* The ECC P-256 storage primary that OpenSSL's tpm2 provider builds for key files with the owner
 * hierarchy as parent, so that it can load ours. It has noDA: an unclean power loss may not lock
 * it. */
TPM2B_PUBLIC template_parent(void);

/* The endorsement key of that row (TCG EK Credential Profile 2.5 §B): templates L-1, L-2, H-3. */
TPM2B_PUBLIC template_endorsement(const struct endorsement *row);

/* The key that signs attestations: restricted, P-256, in the endorsement hierarchy. */
TPM2B_PUBLIC template_attestation(void);

/* A key that signs digests with the one scheme of @algorithm, made by this TPM and bound to it, and
 * that obeys the policy of @gate if that is closed. -EOPNOTSUPP: no TPM does that. */
int template_key(const struct algorithm *algorithm, const struct gate *gate,
                 TPM2B_PUBLIC *ret) _must_use_;

/* 0 if @public is that template in everything but the key itself, else -EKEYREJECTED. */
int template_check(const struct algorithm *algorithm, const struct gate *gate,
                   const TPM2B_PUBLIC *public, struct problem *problem) _must_use_;

/* Appends the key as DER SubjectPublicKeyInfo. -EKEYREJECTED: no valid public key. */
int template_put_spki(struct buf *buf, const struct algorithm *algorithm,
                      const TPM2B_PUBLIC *public, struct problem *problem) _must_use_;

/* The Name of an object with nameAlg SHA-256 (TPM 2.0 Part 1 §16). -EBADMSG: cannot be encoded. */
int template_name(const TPM2B_PUBLIC *public, TPM2B_NAME *ret) _must_use_;
