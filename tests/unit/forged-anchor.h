/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TPM attests of the counter of a journal, made by a program that has the key.
 */

#include "lib/anchor.h"
#include "tests/unit/key.h"

#include <stdio.h>
#include <stdlib.h>

struct forged_anchor {
        EVP_PKEY *key;
        const char *origin;
        uint32_t index;
        uint64_t counter;
        struct sha256 root;
        EVP_PKEY *signer; /* NULL: the key */
        uint16_t type;    /* 0: as it should be */
        struct buf spki, attestation, signature;
};

static inline void forged_anchor_done(struct forged_anchor *anchor)
{
        buf_done(&anchor->spki);
        buf_done(&anchor->attestation);
        buf_done(&anchor->signature);
}

static inline struct tpm_name forged_anchor_signer(EVP_PKEY *key)
{
        _cleanup_(pubkey_freep) struct pubkey *pubkey = key_public(key);
        _cleanup_(buf_done) struct buf public = {}, path = {};
        struct tpm_name name;
        int r = tpm_public_put_attester(&public, pubkey);

        assert(r == 0);
        name = tpm_name_of(buf_view(&public));
        buf_put_u32(&path, 0x4000000b);
        buf_put_view(&path, tpm_name_view(&name));
        return tpm_name_of(buf_view(&path));
}

static inline void forged_anchor_make(struct forged_anchor *anchor)
{
        struct tpm_name signer = forged_anchor_signer(anchor->key), index;
        struct buf *bytes = &anchor->attestation;
        struct sha256 digest;
        int r = anchor_name(anchor->index, anchor->origin, ANCHOR_COUNTER, &index);

        assert(r == 0);
        buf_put_u32(bytes, 0xff544347);
        buf_put_u16(bytes, anchor->type ? anchor->type : 0x8014);
        buf_put_u16(bytes, TPM_NAME_SIZE);
        buf_put_view(bytes, tpm_name_view(&signer));
        buf_put_u16(bytes, SHA256_SIZE);
        buf_put_view(bytes, sha256_view(&anchor->root));
        buf_put_u64(bytes, 1234);
        buf_put_u64(bytes, 0);
        buf_put_u8(bytes, 1);
        buf_put_u64(bytes, 7);
        buf_put_u16(bytes, TPM_NAME_SIZE);
        buf_put_view(bytes, tpm_name_view(&index));
        buf_put_u16(bytes, 0);
        buf_put_u16(bytes, 8);
        buf_put_u64(bytes, anchor->counter);
        digest = sha256_of(buf_view(bytes));
        key_sign(anchor->signer ? anchor->signer : anchor->key, algorithm_find("ecdsa-p256"),
                 sha256_view(&digest), &anchor->signature);
        key_put_spki(anchor->key, &anchor->spki);
}
