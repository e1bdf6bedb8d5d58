/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A key's public area as a TPM 2.0 describes it (TPMT_PUBLIC, Part 2 §12.2.4), taken apart, and the
 * signatures of such keys (TPMT_SIGNATURE, §11.3.4). No TPM library is needed.
 *
 * The bytes come from whoever claims to have a TPM. Only asymmetric keys are read.
 */

#include "lib/tpm-public.h"

/* TPMA_OBJECT, Part 2 §8.3. */
#define TPM_OBJECT_FIXED_TPM      (1U << 1)
#define TPM_OBJECT_FIXED_PARENT   (1U << 4)
#define TPM_OBJECT_BORN_INSIDE    (1U << 5) /* sensitiveDataOrigin */
#define TPM_OBJECT_USER_WITH_AUTH (1U << 6)
#define TPM_OBJECT_NO_DA          (1U << 10)
#define TPM_OBJECT_RESTRICTED     (1U << 16)
#define TPM_OBJECT_DECRYPT        (1U << 17)
#define TPM_OBJECT_SIGN           (1U << 18)

/* Numbers are those of the TPM: TPM_ALG_ID, TPM_ECC_CURVE; 0x0010 stands for none. */
struct tpm_object {
        uint16_t type, name_hash;
        uint32_t attributes;
        struct view policy;                                 /* empty: none */
        uint16_t symmetric, symmetric_bits, symmetric_mode; /* the last two with the first only */
        uint16_t scheme, scheme_hash;                       /* likewise */
        uint16_t curve, kdf, kdf_hash;                      /* ECC */
        uint16_t bits;                                      /* RSA */
        uint32_t exponent;                                  /* RSA; 0 stands for 65537 */
        struct view x, y;                                   /* of RSA, x is the modulus */
};

/* All of @bytes, from which the views borrow. -EBADMSG: no such structure; -EOPNOTSUPP: of another
 * kind of object. */
int tpm_object_parse(struct view bytes, struct tpm_object *ret, struct problem *problem) _must_use_;

/* Appends the bytes that tpm_object_parse() reads. */
void tpm_object_put(struct buf *buf, const struct tpm_object *object);

/* What the key signs with, if it signs and its scheme is fixed. -EOPNOTSUPP: nothing that has a row
 * in lib/algorithm.h. */
int tpm_object_algorithm(const struct tpm_object *object, const struct algorithm **ret) _must_use_;

/* Its public key. -EOPNOTSUPP as above; -EBADMSG: not a key; -ENOMEM. */
int tpm_object_pubkey(const struct tpm_object *object, struct pubkey **ret) _must_use_;

/* Appends a signature (TPMT_SIGNATURE) in the encoding that enum algorithm_kind says. -EBADMSG: it
 * is none of @algorithm. */
int tpm_signature_put(struct buf *buf, const struct algorithm *algorithm,
                      struct view signature) _must_use_;
