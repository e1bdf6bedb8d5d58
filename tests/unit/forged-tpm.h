/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The evidence of a TPM made by a program, which is what a forger has: everything but the proof
 * that the keys are in a TPM. Change the fields, then make it.
 */

#include "lib/evidence-check.h"
#include "tests/unit/key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>

#define FORGED_SIGNER                                                                              \
        (TPM_OBJECT_FIXED_TPM | TPM_OBJECT_FIXED_PARENT | TPM_OBJECT_BORN_INSIDE |                 \
         TPM_OBJECT_USER_WITH_AUTH | TPM_OBJECT_NO_DA | TPM_OBJECT_SIGN)

/* How the key was made, if anything is said of that. */
struct forged_creation {
        int said;
        uint16_t type;
        uint8_t locality;
        uint32_t hierarchy;             /* of the parent */
        struct tpm_object parent;       /* under which the key was made, */
        struct tpm_object given_parent; /* and which is said to be that */
        struct view name;               /* of the key that was made; empty: of the subject */
        struct view nonce;
        const char *key, *given_key; /* what for, and what is said to be that; NULL: nothing is */
        uint32_t version, given_version;
        size_t cut; /* bytes that are missing at the end of the creation data */
};

struct forged_tpm {
        EVP_PKEY *attester, *subject;
        uint8_t points[2][64]; /* of the two keys */
        struct tpm_object attester_area, subject_area;
        uint32_t magic;
        uint16_t type;
        struct view nonce;
        struct forged_creation creation;
        int moved; /* the key is certified under another parent */
        uint64_t clock;
        uint32_t reset, restart;
        struct keyring_key key; /* the subject, as in a ring */
};

static inline struct tpm_object forged_area(const uint8_t point[64], uint32_t attributes)
{
        return (struct tpm_object){.type = 0x23,
                                   .name_hash = 0xb,
                                   .attributes = attributes,
                                   .symmetric = 0x10,
                                   .scheme = 0x18,
                                   .scheme_hash = 0xb,
                                   .curve = 3,
                                   .kdf = 0x10,
                                   .x = view_of(point, 32),
                                   .y = view_of(point + 32, 32)};
}

static inline struct tpm_object forged_parent(const uint8_t point[64])
{
        struct tpm_object parent =
                forged_area(point, (FORGED_SIGNER | TPM_OBJECT_RESTRICTED | TPM_OBJECT_DECRYPT) &
                                           ~TPM_OBJECT_SIGN);

        parent.symmetric = 6;
        parent.symmetric_bits = 128;
        parent.symmetric_mode = 0x43;
        parent.scheme = 0x10;
        return parent;
}

static inline void forged_point(EVP_PKEY *key, uint8_t ret[64])
{
        uint8_t bytes[65];
        size_t size = 0;
        int ok = EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes),
                                                 &size);

        assert(ok == 1 && size == sizeof(bytes));
        memcpy(ret, bytes + 1, 64);
}

static inline void forged_start(struct forged_tpm *tpm)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        *tpm = (struct forged_tpm){.attester = key_new(algorithm),
                                   .subject = key_new(algorithm),
                                   .magic = 0xff544347,
                                   .type = 0x8017,
                                   .nonce = view_of("nonce of the test", 17),
                                   .clock = 1234,
                                   .reset = 1,
                                   .restart = 2};
        forged_point(tpm->attester, tpm->points[0]);
        forged_point(tpm->subject, tpm->points[1]);
        tpm->attester_area = forged_area(tpm->points[0], FORGED_SIGNER | TPM_OBJECT_RESTRICTED);
        tpm->subject_area = forged_area(tpm->points[1], FORGED_SIGNER);
        tpm->creation = (struct forged_creation){.type = 0x801a,
                                                 .locality = 1,
                                                 .hierarchy = 0x40000001,
                                                 .parent = forged_parent(tpm->points[0]),
                                                 .given_parent = forged_parent(tpm->points[0]),
                                                 .nonce = tpm->nonce,
                                                 .key = "model",
                                                 .given_key = "model",
                                                 .version = 1,
                                                 .given_version = 1};
        tpm->key = (struct keyring_key){.name = "model",
                                        .token = "tpm",
                                        .created = "2026-11-25T10:00:00.000000Z",
                                        .version = 1,
                                        .algorithm = algorithm,
                                        .pubkey = key_public(tpm->subject)};
}

static inline void forged_done(struct forged_tpm *tpm)
{
        EVP_PKEY_free(tpm->attester);
        EVP_PKEY_free(tpm->subject);
        pubkey_free(tpm->key.pubkey);
        gate_done(&tpm->key.gate);
}

static inline void forged_put_sized(struct buf *buf, struct view view)
{
        buf_put_u16(buf, (uint16_t)view.size);
        buf_put_view(buf, view);
}

static inline void forged_sign(EVP_PKEY *key, struct view bytes, struct buf *ret)
{
        _cleanup_(buf_done) struct buf der = {};
        struct sha256 digest = sha256_of(bytes);
        const unsigned char *next;
        uint8_t r[32], s[32];
        ECDSA_SIG *pair;

        key_sign(key, algorithm_find("ecdsa-p256"), sha256_view(&digest), &der);
        next = der.data;
        pair = d2i_ECDSA_SIG(NULL, &next, (long)der.size);
        assert(pair && BN_bn2binpad(ECDSA_SIG_get0_r(pair), r, 32) == 32 &&
               BN_bn2binpad(ECDSA_SIG_get0_s(pair), s, 32) == 32);
        ECDSA_SIG_free(pair);
        buf_put_u16(ret, 0x18);
        buf_put_u16(ret, 0xb);
        forged_put_sized(ret, view_of(r, 32));
        forged_put_sized(ret, view_of(s, 32));
}

static inline void forged_attest(const struct forged_tpm *tpm, uint16_t type, struct view nonce,
                                 struct view name, struct view further, struct buf *ret)
{
        buf_put_u32(ret, tpm->magic);
        buf_put_u16(ret, type);
        forged_put_sized(ret, view_string("signer"));
        forged_put_sized(ret, nonce);
        buf_put_u64(ret, tpm->clock);
        buf_put_u32(ret, tpm->reset);
        buf_put_u32(ret, tpm->restart);
        buf_put_u8(ret, 1);
        buf_put_u64(ret, 0x0001000200030004);
        forged_put_sized(ret, name);
        forged_put_sized(ret, further);
}

static inline struct tpm_name forged_name(const struct tpm_object *object)
{
        _cleanup_(buf_done) struct buf area = {};

        tpm_object_put(&area, object);
        return tpm_name_of(buf_view(&area));
}

/* The qualified Name of what has that Name, under that. */
static inline struct tpm_name forged_under(struct view above, const struct tpm_name *name)
{
        _cleanup_(buf_done) struct buf bytes = {};

        buf_put_view(&bytes, above);
        buf_put_view(&bytes, tpm_name_view(name));
        return tpm_name_of(buf_view(&bytes));
}

static inline struct tpm_name forged_parent_under(const struct forged_tpm *tpm)
{
        struct tpm_name parent = forged_name(&tpm->creation.parent);
        _cleanup_(buf_done) struct buf hierarchy = {};

        buf_put_u32(&hierarchy, tpm->creation.hierarchy);
        return forged_under(buf_view(&hierarchy), &parent);
}

static inline json_t *forged_created_for(const char *key, uint32_t version)
{
        json_t *object = created_for_new(key, version, "example.org/host",
                                         "2026-11-25T10:00:00.000000Z", "7.1");

        assert(object);
        return object;
}

static inline void forged_put_creation(const struct forged_tpm *tpm, struct buf *ret)
{
        _cleanup_(buf_done) struct buf data = {};
        const struct forged_creation *creation = &tpm->creation;
        json_t *made_for = forged_created_for(creation->key, creation->version);
        struct tpm_name parent = forged_name(&creation->parent), above = forged_parent_under(tpm);
        struct sha256 registers = sha256_of(view_string("registers")), outside;
        int r = created_for_digest(made_for, &outside);

        assert(r == 0);
        json_decref(made_for);
        buf_put_u32(&data, 1);
        buf_put_u16(&data, 0xb);
        buf_put_u8(&data, 3);
        buf_put(&data, "\xff\0\0", 3);
        forged_put_sized(&data, sha256_view(&registers));
        buf_put_u8(&data, creation->locality);
        buf_put_u16(&data, 0xb);
        forged_put_sized(&data, tpm_name_view(&parent));
        forged_put_sized(&data, tpm_name_view(&above));
        forged_put_sized(&data, sha256_view(&outside));
        buf_put_view(ret, view_of(data.data, data.size - creation->cut));
}

static inline void forged_create(const struct forged_tpm *tpm, const struct tpm_name *name,
                                 struct evidence *ret)
{
        const struct forged_creation *creation = &tpm->creation;
        struct buf *parts = ret->parts;
        struct sha256 hash;

        forged_put_creation(tpm, &parts[EVIDENCE_CREATION]);
        hash = sha256_of(buf_view(&parts[EVIDENCE_CREATION]));
        forged_attest(tpm, creation->type, creation->nonce,
                      creation->name.size > 0 ? creation->name : tpm_name_view(name),
                      sha256_view(&hash), &parts[EVIDENCE_CREATION_ATTESTATION]);
        forged_sign(tpm->attester, buf_view(&parts[EVIDENCE_CREATION_ATTESTATION]),
                    &parts[EVIDENCE_CREATION_SIGNATURE]);
        tpm_object_put(&parts[EVIDENCE_PARENT], &creation->given_parent);
        if (creation->given_key)
                ret->created_for = forged_created_for(creation->given_key, creation->given_version);
}

/* @ret is empty before. */
static inline void forged_make(const struct forged_tpm *tpm, struct evidence *ret)
{
        struct buf *parts = ret->parts;
        struct tpm_name name, above = forged_parent_under(tpm), qualified;
        int r = facts_add(&ret->self_asserted, "firmware", "1.2.3.4");

        assert(r == 0);
        tpm_object_put(&parts[EVIDENCE_ATTESTATION_KEY], &tpm->attester_area);
        tpm_object_put(&parts[EVIDENCE_PUBLIC], &tpm->subject_area);
        name = tpm_name_of(buf_view(&parts[EVIDENCE_PUBLIC]));
        qualified = forged_under(tpm->moved ? view_string("another parent") : tpm_name_view(&above),
                                 &name);
        forged_attest(tpm, tpm->type, tpm->nonce, tpm_name_view(&name), tpm_name_view(&qualified),
                      &parts[EVIDENCE_ATTESTATION]);
        forged_sign(tpm->attester, buf_view(&parts[EVIDENCE_ATTESTATION]),
                    &parts[EVIDENCE_SIGNATURE]);
        if (tpm->creation.said)
                forged_create(tpm, &name, ret);
}
