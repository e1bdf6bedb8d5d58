/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tpm-public.h"

#include <errno.h>

/* TPM 2.0 Part 2 §6.3, §6.4, §8.3. */
#define ALG_RSA    0x0001
#define ALG_SHA256 0x000b
#define ALG_SHA384 0x000c
#define ALG_NULL   0x0010
#define ALG_RSASSA 0x0014
#define ALG_RSAPSS 0x0016
#define ALG_ECDSA  0x0018
#define ALG_ECC    0x0023
#define ECC_P256   0x0003
#define ECC_P384   0x0004

#define OBJECT_FIXED_TPM      (1U << 1)
#define OBJECT_FIXED_PARENT   (1U << 4)
#define OBJECT_BORN_INSIDE    (1U << 5) /* sensitiveDataOrigin */
#define OBJECT_USER_WITH_AUTH (1U << 6)
#define OBJECT_NO_DA          (1U << 10)
#define OBJECT_RESTRICTED     (1U << 16)
#define OBJECT_SIGN           (1U << 18)

#define POINT_UNCOMPRESSED 4

/* How the DER of an RSA key with exponent 65537 ends, after its modulus. */
static const uint8_t exponent_der[] = {2, 3, 1, 0, 1};

static void put_sized(struct buf *buf, struct view view) /* TPM2B: u16 length */
{
        buf_put_u16(buf, (uint16_t)view.size);
        buf_put_view(buf, view);
}

static uint16_t hash_of(const struct algorithm *algorithm)
{
        return string_equal(algorithm->hash, "sha384") ? ALG_SHA384 : ALG_SHA256;
}

static void put_head(struct buf *buf, uint16_t type, uint32_t attributes,
                     const struct sha256 *policy)
{
        buf_put_u16(buf, type);
        buf_put_u16(buf, ALG_SHA256);
        buf_put_u32(buf, attributes);
        put_sized(buf, policy ? sha256_view(policy) : view_of(NULL, 0));
        buf_put_u16(buf, ALG_NULL); /* symmetric */
}

/* The point is the end of the SubjectPublicKeyInfo: 04 ‖ x ‖ y, padded to the field's size. */
static int put_ec(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm)
{
        struct view spki = pubkey_spki(key);
        size_t size = algorithm->bits / 8;

        if (spki.size <= 2 * size || spki.data[spki.size - 2 * size - 1] != POINT_UNCOMPRESSED)
                return -EOPNOTSUPP;
        buf_put_u16(buf, ALG_ECDSA);
        buf_put_u16(buf, hash_of(algorithm));
        buf_put_u16(buf, algorithm->bits == 384 ? ECC_P384 : ECC_P256);
        buf_put_u16(buf, ALG_NULL); /* kdf */
        put_sized(buf, view_of(spki.data + spki.size - 2 * size, size));
        put_sized(buf, view_of(spki.data + spki.size - size, size));
        return 0;
}

/* The end of the SubjectPublicKeyInfo is modulus and exponent; an exponent of 0 stands for 65537.
 */
static int put_rsa(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm)
{
        struct view spki = pubkey_spki(key);
        size_t size = algorithm->bits / 8, end = spki.size - sizeof(exponent_der);

        if (spki.size <= size + sizeof(exponent_der) ||
            !view_equal(view_of(spki.data + end, sizeof(exponent_der)),
                        view_of(exponent_der, sizeof(exponent_der))))
                return -EOPNOTSUPP;
        buf_put_u16(buf, algorithm->kind == ALGORITHM_RSA_PSS ? ALG_RSAPSS : ALG_RSASSA);
        buf_put_u16(buf, hash_of(algorithm));
        buf_put_u16(buf, (uint16_t)algorithm->bits);
        buf_put_u32(buf, 0);
        put_sized(buf, view_of(spki.data + end - size, size));
        return 0;
}

struct tpm_name tpm_name_of(struct view public)
{
        struct sha256 digest = sha256_of(public);
        struct tpm_name name = {{ALG_SHA256 >> 8, ALG_SHA256 & 0xff}};

        memcpy(name.bytes + 2, digest.bytes, SHA256_SIZE);
        return name;
}

int tpm_public_put_key(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm,
                       const struct sha256 *policy)
{
        put_head(buf, algorithm->curve ? ALG_ECC : ALG_RSA,
                 OBJECT_FIXED_TPM | OBJECT_FIXED_PARENT | OBJECT_BORN_INSIDE | OBJECT_NO_DA |
                         OBJECT_SIGN,
                 policy);
        return algorithm->curve ? put_ec(buf, key, algorithm) : put_rsa(buf, key, algorithm);
}

int tpm_public_put_verifier(struct buf *buf, const struct pubkey *key)
{
        put_head(buf, ALG_ECC, OBJECT_USER_WITH_AUTH | OBJECT_SIGN, NULL);
        return put_ec(buf, key, algorithm_find("ecdsa-p256"));
}

int tpm_public_put_attester(struct buf *buf, const struct pubkey *key)
{
        put_head(buf, ALG_ECC,
                 OBJECT_FIXED_TPM | OBJECT_FIXED_PARENT | OBJECT_BORN_INSIDE |
                         OBJECT_USER_WITH_AUTH | OBJECT_NO_DA | OBJECT_RESTRICTED | OBJECT_SIGN,
                 NULL);
        return put_ec(buf, key, algorithm_find("ecdsa-p256"));
}

void tpm_public_put_index(struct buf *buf, uint32_t handle, uint32_t attributes,
                          const struct sha256 *policy, uint16_t size)
{
        buf_put_u32(buf, handle);
        buf_put_u16(buf, ALG_SHA256);
        buf_put_u32(buf, attributes);
        put_sized(buf, sha256_view(policy));
        buf_put_u16(buf, size);
}
