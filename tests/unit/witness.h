/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A witness for tests: it cosigns whatever it is given. Whatever fails here ends the test.
 */

#include "lib/base64.h"
#include "lib/cosignature.h"
#include "lib/vkey.h"

#include <openssl/evp.h>

struct witness {
        const char *name;
        EVP_PKEY *pair;
        uint8_t key[ED25519_KEY_SIZE];
        char vkey[256];
};

static inline void witness_put_vkey(const char *name, uint8_t type, const struct witness *witness,
                                    char ret[256])
{
        const struct view parts[] = {view_string(name), view_string("\n"), view_of(&type, 1),
                                     view_of(witness->key, ED25519_KEY_SIZE)};
        _cleanup_(buf_done) struct buf text = {}, blob = {};
        struct sha256 hash = sha256_of_parts(parts, ARRAY_SIZE(parts));
        char id[HEX_SIZE(VKEY_ID_SIZE)];

        buf_put_u8(&blob, type);
        buf_put(&blob, witness->key, ED25519_KEY_SIZE);
        buf_put_format(&text, "%s+%s+", name, hex_encode(view_of(hash.bytes, VKEY_ID_SIZE), id));
        base64_encode(&text, buf_view(&blob));
        buf_put_u8(&text, 0);
        assert(!buf_error(&text) && text.size <= 256);
        memcpy(ret, text.data, text.size);
}

static inline struct witness witness_new(const char *name)
{
        struct witness witness = {.name = name, .pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
        size_t size = ED25519_KEY_SIZE;
        int ok = EVP_PKEY_get_raw_public_key(witness.pair, witness.key, &size);

        assert(ok == 1);
        witness_put_vkey(name, VKEY_COSIGNATURE, &witness, witness.vkey);
        return witness;
}

static inline void witness_free(struct witness *witness)
{
        EVP_PKEY_free(witness->pair);
}

/* Appends the signature line. */
static inline void witness_cosign(const struct witness *witness, uint64_t time, const char *text,
                                  struct buf *note)
{
        _cleanup_(buf_done) struct buf message = {}, blob = {};
        _cleanup_(vkey_done) struct vkey key = {};
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        uint8_t signature[ED25519_SIGNATURE_SIZE];
        size_t size = sizeof(signature);
        int ok = vkey_parse(view_string(witness->vkey), &key, NULL) == 0;

        cosignature_put_message(&message, time, view_string(text));
        ok = ok && EVP_DigestSignInit(context, NULL, NULL, NULL, witness->pair) == 1 &&
             EVP_DigestSign(context, signature, &size, message.data, message.size) == 1;
        assert(ok);
        EVP_MD_CTX_free(context);
        buf_put(&blob, key.id, VKEY_ID_SIZE);
        buf_put_u64(&blob, time);
        buf_put(&blob, signature, sizeof(signature));
        buf_put_format(note, "\xe2\x80\x94 %s ", witness->name);
        base64_encode(note, buf_view(&blob));
        buf_put_u8(note, '\n');
}
