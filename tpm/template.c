/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm/template.h"

#include "lib/pubkey.h"
#include "lib/spki.h"

#include <errno.h>
#include <tss2/tss2_mu.h>

#define RSA_EXPONENT_DEFAULT 65537 /* what an exponent of 0 in a public area stands for */

/* Both the parent and the keys: made inside this TPM, never to leave it, and out of the
 * dictionary-attack logic, which would lock them after power cuts. So a key's authorization must be
 * too long to be guessed, if there is one. */
#define ATTRIBUTES                                                                                 \
        (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |        \
         TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA)

static const struct {
        const char *curve;
        TPM2_ECC_CURVE id;
} curves[] = {{"P-256", TPM2_ECC_NIST_P256}, {"P-384", TPM2_ECC_NIST_P384}};

static const struct {
        const char *name;
        TPM2_ALG_ID id;
} hashes[] = {{"sha256", TPM2_ALG_SHA256}, {"sha384", TPM2_ALG_SHA384}};

static const struct {
        enum algorithm_kind kind;
        TPM2_ALG_ID id;
} schemes[] = {
        {ALGORITHM_ECDSA, TPM2_ALG_ECDSA},
        {ALGORITHM_RSA_PKCS1, TPM2_ALG_RSASSA},
        {ALGORITHM_RSA_PSS, TPM2_ALG_RSAPSS},
};

static int curve_of(const struct algorithm *algorithm, TPM2_ECC_CURVE *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
                if (string_equal(curves[i].curve, algorithm->curve)) {
                        *ret = curves[i].id;
                        return 0;
                }
        return -EOPNOTSUPP;
}

static int hash_of(const struct algorithm *algorithm, TPM2_ALG_ID *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
                if (string_equal(hashes[i].name, algorithm->hash)) {
                        *ret = hashes[i].id;
                        return 0;
                }
        return -EOPNOTSUPP;
}

static int scheme_of(const struct algorithm *algorithm, TPM2_ALG_ID *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(schemes); i++)
                if (schemes[i].kind == algorithm->kind) {
                        *ret = schemes[i].id;
                        return 0;
                }
        return -EOPNOTSUPP;
}

TPM2B_PUBLIC template_parent(void)
{
        return (TPM2B_PUBLIC){
                .publicArea =
                        {
                                .type = TPM2_ALG_ECC,
                                .nameAlg = TPM2_ALG_SHA256,
                                .objectAttributes =
                                        ATTRIBUTES | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT,
                                .parameters.eccDetail =
                                        {
                                                .symmetric = {.algorithm = TPM2_ALG_AES,
                                                              .keyBits.aes = 128,
                                                              .mode.aes = TPM2_ALG_CFB},
                                                .scheme.scheme = TPM2_ALG_NULL,
                                                .curveID = TPM2_ECC_NIST_P256,
                                                .kdf.scheme = TPM2_ALG_NULL,
                                        },
                        },
        };
}

TPM2B_PUBLIC template_attestation(void)
{
        return (TPM2B_PUBLIC){
                .publicArea =
                        {
                                .type = TPM2_ALG_ECC,
                                .nameAlg = TPM2_ALG_SHA256,
                                .objectAttributes = ATTRIBUTES | TPMA_OBJECT_RESTRICTED |
                                                    TPMA_OBJECT_SIGN_ENCRYPT,
                                .parameters.eccDetail =
                                        {
                                                .symmetric.algorithm = TPM2_ALG_NULL,
                                                .scheme.scheme = TPM2_ALG_ECDSA,
                                                .scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256,
                                                .curveID = TPM2_ECC_NIST_P256,
                                                .kdf.scheme = TPM2_ALG_NULL,
                                        },
                        },
        };
}

static int fill_ecc(const struct algorithm *algorithm, TPMS_ECC_PARMS *ret)
{
        *ret = (TPMS_ECC_PARMS){.symmetric.algorithm = TPM2_ALG_NULL, .kdf.scheme = TPM2_ALG_NULL};
        if (scheme_of(algorithm, &ret->scheme.scheme) < 0 ||
            hash_of(algorithm, &ret->scheme.details.ecdsa.hashAlg) < 0)
                return -EOPNOTSUPP;
        return curve_of(algorithm, &ret->curveID);
}

static int fill_rsa(const struct algorithm *algorithm, TPMS_RSA_PARMS *ret)
{
        *ret = (TPMS_RSA_PARMS){.symmetric.algorithm = TPM2_ALG_NULL,
                                .keyBits = (UINT16)algorithm->bits};
        if (scheme_of(algorithm, &ret->scheme.scheme) < 0)
                return -EOPNOTSUPP;
        return hash_of(algorithm, &ret->scheme.details.rsassa.hashAlg);
}

/* The policy alone opens the key. Its authorization value is left for what changes nothing. */
static int close_gate(const struct gate *gate, TPMT_PUBLIC *ret)
{
        struct sha256 policy;
        int r = gate_policy(gate, &policy);

        if (r < 0)
                return r;
        ret->objectAttributes &= ~(TPMA_OBJECT)TPMA_OBJECT_USERWITHAUTH;
        ret->authPolicy.size = SHA256_SIZE;
        memcpy(ret->authPolicy.buffer, policy.bytes, SHA256_SIZE);
        return 0;
}

/*
 * userWithAuth, for a key without a gate: a signature is then one command with a password session,
 * 0.6 ms on swtpm against 3.9 ms with a policy session. The price is that such a key can also be
 * used by Certify, Quote and GetTime; what these sign begins with TPM_GENERATED and is a structure,
 * so it cannot pass for a caller's digest without a collision. Who may use a key with empty
 * authorization is decided by who can open the TPM device.
 *
 * A password session shows the authorization to whoever can listen to the bus between processor and
 * TPM. An HMAC session would hide it, for 3 ms of the processor per signature; there is none yet.
 */
int template_key(const struct algorithm *algorithm, const struct gate *gate, TPM2B_PUBLIC *ret)
{
        TPMT_PUBLIC *area = &ret->publicArea;
        int r;

        *ret = (TPM2B_PUBLIC){
                .publicArea = {.type = algorithm->curve ? TPM2_ALG_ECC : TPM2_ALG_RSA,
                               .nameAlg = TPM2_ALG_SHA256,
                               .objectAttributes = ATTRIBUTES | TPMA_OBJECT_SIGN_ENCRYPT},
        };
        r = gate_is_closed(gate) ? close_gate(gate, area) : 0;
        if (r < 0)
                return r;
        return algorithm->curve ? fill_ecc(algorithm, &area->parameters.eccDetail)
                                : fill_rsa(algorithm, &area->parameters.rsaDetail);
}

static int marshal(const TPM2B_PUBLIC *public, struct buf *ret)
{
        size_t size = 0;
        uint8_t *room = buf_reserve(ret, sizeof(TPMT_PUBLIC));

        if (!room)
                return buf_error(ret);
        if (Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, room, sizeof(TPMT_PUBLIC), &size))
                return -EBADMSG;
        buf_grown(ret, size);
        return 0;
}

int template_check(const struct algorithm *algorithm, const struct gate *gate,
                   const TPM2B_PUBLIC *public, struct problem *problem)
{
        _cleanup_(buf_done) struct buf expected_bytes = BUF_INIT(0), found_bytes = BUF_INIT(0);
        TPM2B_PUBLIC expected;
        int r = template_key(algorithm, gate, &expected);

        if (r == -EOPNOTSUPP)
                return problem_set(problem, r, "no TPM has %s", algorithm->name);
        if (r < 0)
                return r;
        expected.publicArea.unique = public->publicArea.unique;
        if (public->publicArea.type != expected.publicArea.type ||
            marshal(&expected, &expected_bytes) < 0 || marshal(public, &found_bytes) < 0 ||
            !view_equal(buf_view(&expected_bytes), buf_view(&found_bytes)))
                return problem_set(problem, -EKEYREJECTED,
                                   "the key in the TPM is no %s key made by this program",
                                   algorithm->name);
        return 0;
}

static int put_rsa(struct buf *buf, const TPM2B_PUBLIC *public)
{
        static const uint8_t exponent[] = {RSA_EXPONENT_DEFAULT >> 16, 0, 1};
        const TPM2B_PUBLIC_KEY_RSA *modulus = &public->publicArea.unique.rsa;

        if (modulus->size > sizeof(modulus->buffer))
                return -EBADMSG;
        return spki_put_rsa(buf, view_of(modulus->buffer, modulus->size),
                            view_of(exponent, sizeof(exponent)));
}

static int put_ec(struct buf *buf, const struct algorithm *algorithm, const TPM2B_PUBLIC *public)
{
        const TPMS_ECC_POINT *point = &public->publicArea.unique.ecc;

        if (point->x.size > sizeof(point->x.buffer) || point->y.size > sizeof(point->y.buffer))
                return -EBADMSG;
        return spki_put_ec(buf, algorithm, view_of(point->x.buffer, point->x.size),
                           view_of(point->y.buffer, point->y.size));
}

int template_put_spki(struct buf *buf, const struct algorithm *algorithm,
                      const TPM2B_PUBLIC *public, struct problem *problem)
{
        int r = algorithm->curve ? put_ec(buf, algorithm, public) : put_rsa(buf, public);

        return r == -EBADMSG ? problem_set(problem, -EKEYREJECTED,
                                           "the TPM key's public part is no valid %s key",
                                           algorithm->name)
                             : r;
}

int template_name(const TPM2B_PUBLIC *public, TPM2B_NAME *ret)
{
        _cleanup_(buf_done) struct buf bytes = BUF_INIT(0);
        struct sha256 digest;
        int r = marshal(public, &bytes);

        if (r < 0)
                return r;
        digest = sha256_of(buf_view(&bytes));
        *ret = (TPM2B_NAME){.size = 2 + SHA256_SIZE,
                            .name = {TPM2_ALG_SHA256 >> 8, TPM2_ALG_SHA256 & 0xff}};
        memcpy(ret->name + 2, digest.bytes, SHA256_SIZE);
        return 0;
}
