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
