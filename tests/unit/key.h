/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Software keys for tests: what the hardware does elsewhere. Whatever fails here ends the test.
 */

#include "lib/pubkey.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

struct key_signing {
        const char *hash; /* NULL: that of the algorithm */
        const char *mgf1; /* PSS only; NULL: as hash */
        int salt; /* PSS only, bytes or RSA_PSS_SALTLEN_…; 0 stands for RSA_PSS_SALTLEN_DIGEST */
};

static inline void key_freep(EVP_PKEY **key)
{
        EVP_PKEY_free(*key);
}

static inline EVP_PKEY *key_new(const struct algorithm *algorithm)
{
        EVP_PKEY *key;

        if (algorithm->kind == ALGORITHM_ED25519)
                key = EVP_PKEY_Q_keygen(NULL, NULL, algorithm->curve);
        else if (algorithm->kind == ALGORITHM_ECDSA)
                key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", algorithm->curve);
        else
                key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)algorithm->bits);
        assert(key);
        return key;
}

static inline void key_put_spki(EVP_PKEY *key, struct buf *buf)
{
        unsigned char *der = NULL;
        int size = i2d_PUBKEY(key, &der);

        assert(size > 0);
        buf_put(buf, der, (size_t)size);
        OPENSSL_free(der);
}

static inline struct pubkey *key_public(EVP_PKEY *key)
{
        _cleanup_(buf_done) struct buf spki = {};
        struct pubkey *pubkey = NULL;
        int r;

        key_put_spki(key, &spki);
        r = pubkey_from_spki(buf_view(&spki), &pubkey);
        assert(r == 0);
        return pubkey;
}

static inline void key_set_padding(EVP_PKEY_CTX *context, const struct algorithm *algorithm,
                                   const struct key_signing *how)
{
        int ok = 1;

        if (algorithm->kind == ALGORITHM_RSA_PKCS1)
                ok = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING);
        if (algorithm->kind == ALGORITHM_RSA_PSS)
                ok = EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                     EVP_PKEY_CTX_set_rsa_pss_saltlen(
                             context, how->salt ? how->salt : RSA_PSS_SALTLEN_DIGEST) == 1;
        assert(ok == 1);
        ok = EVP_PKEY_CTX_set_signature_md(
                context, EVP_get_digestbyname(how->hash ? how->hash : algorithm->hash));
        assert(ok == 1);
        if (how->mgf1)
                ok = EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_get_digestbyname(how->mgf1));
        assert(ok == 1);
}

static inline void key_sign_as(EVP_PKEY *key, const struct algorithm *algorithm,
                               const struct key_signing *how, struct view digest,
                               struct buf *ret_signature)
{
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
        uint8_t *room = buf_reserve(ret_signature, 512);
        size_t size = 512;
        int ok;

        assert(room && context && EVP_PKEY_sign_init(context) == 1);
        key_set_padding(context, algorithm, how);
        ok = EVP_PKEY_sign(context, room, &size, digest.data, digest.size);
        assert(ok == 1);
        buf_grown(ret_signature, size);
        EVP_PKEY_CTX_free(context);
}

/* Of the message itself: Ed25519. */
static inline void key_sign_message(EVP_PKEY *key, struct view message, struct buf *ret_signature)
{
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t *room = buf_reserve(ret_signature, 64);
        size_t size = 64;
        int ok;

        assert(room && context);
        ok = EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
             EVP_DigestSign(context, room, &size, message.data, message.size) == 1;
        assert(ok);
        buf_grown(ret_signature, size);
        EVP_MD_CTX_free(context);
}

static inline void key_sign(EVP_PKEY *key, const struct algorithm *algorithm, struct view digest,
                            struct buf *ret_signature)
{
        key_sign_as(key, algorithm, &(struct key_signing){}, digest, ret_signature);
}
