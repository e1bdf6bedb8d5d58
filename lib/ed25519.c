/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ed25519.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>

static void pkey_freep(EVP_PKEY **pkey)
{
        EVP_PKEY_free(*pkey);
}

static void context_freep(EVP_MD_CTX **context)
{
        EVP_MD_CTX_free(*context);
}

/* y of the points of order 1, 2, 4 and 8 (RFC 8032 §5.1.2 has the encoding), and those that are
 * written with p or p + 1 in the place of 0 or 1. The top bit is the sign of x. */
static const uint8_t weak[][ED25519_KEY_SIZE] = {
        {0},
        {1},
        {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
         0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
         0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
        {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
         0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
         0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

/* ec ff … ff 7f is p - 1; p and p + 1 follow. */
static int is_near_p(const uint8_t y[ED25519_KEY_SIZE])
{
        for (size_t i = 1; i < ED25519_KEY_SIZE - 1; i++)
                if (y[i] != 0xff)
                        return 0;
        return y[0] >= 0xec && y[0] <= 0xee && y[ED25519_KEY_SIZE - 1] == 0x7f;
}

int ed25519_is_weak(const uint8_t key[ED25519_KEY_SIZE])
{
        uint8_t y[ED25519_KEY_SIZE];

        memcpy(y, key, sizeof(y));
        y[ED25519_KEY_SIZE - 1] &= 0x7f;
        for (size_t i = 0; i < ARRAY_SIZE(weak); i++)
                if (memcmp(y, weak[i], sizeof(y)) == 0)
                        return 1;
        return is_near_p(y);
}

int ed25519_verify(const uint8_t key[ED25519_KEY_SIZE], struct view message, struct view signature)
{
        _cleanup_(pkey_freep) EVP_PKEY *pkey =
                EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519_KEY_SIZE);
        _cleanup_(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
        int good;

        if (!pkey || !context || EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) != 1) {
                ERR_clear_error();
                return -ENOMEM;
        }
        good = signature.size == ED25519_SIGNATURE_SIZE &&
               EVP_DigestVerify(context, signature.data, signature.size, message.data,
                                message.size) == 1;
        ERR_clear_error();
        return good ? 0 : -EKEYREJECTED;
}
