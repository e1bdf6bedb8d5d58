/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/template.h"

#define ATTRIBUTES                                                                                 \
        (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |        \
         TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

/* TPM2_PolicySecret(TPM_RH_ENDORSEMENT), with SHA-256. */
static const uint8_t policy_low[] = {
        0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc,
        0x8d, 0x46, 0xa5, 0xd7, 0x24, 0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52,
        0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa,
};

/* The same or an authorized policy, with SHA-384. */
static const uint8_t policy_high[] = {
        0xb2, 0x6e, 0x7d, 0x28, 0xd1, 0x1a, 0x50, 0xbc, 0x53, 0xd8, 0x82, 0xbc,
        0xf5, 0xfd, 0x3a, 0x1a, 0x07, 0x41, 0x48, 0xbb, 0x35, 0xd3, 0xb4, 0xe4,
        0xcb, 0x1c, 0x0a, 0xd9, 0xbd, 0xe4, 0x19, 0xca, 0xcb, 0x47, 0xba, 0x09,
        0x69, 0x96, 0x46, 0x15, 0x0f, 0x9f, 0xc0, 0x00, 0xf3, 0xf8, 0x0e, 0x12,
};

static int is_high(const struct endorsement *row)
{
        return row->hash_size > sizeof(policy_low);
}

static TPMT_SYM_DEF_OBJECT cipher_of(const struct endorsement *row)
{
        return (TPMT_SYM_DEF_OBJECT){.algorithm = TPM2_ALG_AES,
                                     .keyBits.aes = (UINT16)row->cipher_bits,
                                     .mode.aes = TPM2_ALG_CFB};
}

/* Low templates have zeros for their unique field, high ones nothing. */
static void fill_ecc(const struct endorsement *row, TPMT_PUBLIC *area)
{
        UINT16 size = is_high(row) ? 0 : (UINT16)(row->bits / 8);

        area->type = TPM2_ALG_ECC;
        area->parameters.eccDetail = (TPMS_ECC_PARMS){
                .symmetric = cipher_of(row),
                .scheme.scheme = TPM2_ALG_NULL,
                .curveID = row->bits == 384 ? TPM2_ECC_NIST_P384 : TPM2_ECC_NIST_P256,
                .kdf.scheme = TPM2_ALG_NULL,
        };
        area->unique.ecc.x.size = size;
        area->unique.ecc.y.size = size;
}

static void fill_rsa(const struct endorsement *row, TPMT_PUBLIC *area)
{
        area->type = TPM2_ALG_RSA;
        area->parameters.rsaDetail = (TPMS_RSA_PARMS){
                .symmetric = cipher_of(row),
                .scheme.scheme = TPM2_ALG_NULL,
                .keyBits = (UINT16)row->bits,
        };
        area->unique.rsa.size = (UINT16)(row->bits / 8);
}

TPM2B_PUBLIC template_endorsement(const struct endorsement *row)
{
        TPM2B_PUBLIC public = {.publicArea.objectAttributes = ATTRIBUTES};
        TPMT_PUBLIC *area = &public.publicArea;
        const uint8_t *policy = is_high(row) ? policy_high : policy_low;

        area->nameAlg = is_high(row) ? TPM2_ALG_SHA384 : TPM2_ALG_SHA256;
        if (is_high(row))
                area->objectAttributes |= TPMA_OBJECT_USERWITHAUTH;
        area->authPolicy.size = (UINT16)row->hash_size;
        memcpy(area->authPolicy.buffer, policy, row->hash_size);
        if (row->curve)
                fill_ecc(row, area);
        else
                fill_rsa(row, area);
        return public;
}
