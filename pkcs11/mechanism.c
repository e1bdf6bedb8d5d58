/* SPDX-License-Identifier: Apache-2.0 */
#include "pkcs11/mechanism.h"

#include <errno.h>

/* DER of the named curves' object identifiers (RFC 5480 §2.1.1.1). */
static const uint8_t p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
static const uint8_t p384[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22};

/* What names the curve of Ed25519: PrintableString "edwards25519" (PKCS#11 v3.0 §2.3.5), which is
 * asked for; the identifier that this has as another choice; the one of RFC 8410 §3. */
static const struct {
        uint8_t bytes[14];
        size_t size;
} ed25519[] = {
        {{0x13, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'}, 14},
        {{0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01}, 11},
        {{0x06, 0x03, 0x2b, 0x65, 0x70}, 5},
};

/* DigestInfo up to the digest (RFC 8017 §9.2, note 1). */
static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                      0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

static const struct {
        const char *name;
        const uint8_t *bytes;
        size_t size;
} curves[] = {{"P-256", p256, sizeof(p256)}, {"P-384", p384, sizeof(p384)}};

static int fill_ec(const struct algorithm *algorithm, struct mechanism *ret)
{
        ret->key_type = CKK_EC;
        ret->generate = CKM_EC_KEY_PAIR_GEN;
        ret->sign = CKM_ECDSA;
        for (size_t i = 0; i < ARRAY_SIZE(curves); i++)
                if (string_equal(curves[i].name, algorithm->curve)) {
                        ret->curve = view_of(curves[i].bytes, curves[i].size);
                        return 0;
                }
        return -EOPNOTSUPP;
}

static int fill_ed25519(struct mechanism *ret)
{
        ret->key_type = CKK_EC_EDWARDS;
        ret->generate = CKM_EC_EDWARDS_KEY_PAIR_GEN;
        ret->sign = CKM_EDDSA; /* without a parameter: of the message itself */
        ret->curve = view_of(ed25519[0].bytes, ed25519[0].size);
        return 0;
}

int mechanism_is_ed25519(struct view curve)
{
        for (size_t i = 0; i < ARRAY_SIZE(ed25519); i++)
                if (view_equal(curve, view_of(ed25519[i].bytes, ed25519[i].size)))
                        return 1;
        return 0;
}

static int fill_rsa(const struct algorithm *algorithm, struct mechanism *ret)
{
        ret->key_type = CKK_RSA;
        ret->generate = CKM_RSA_PKCS_KEY_PAIR_GEN;
        ret->sign = algorithm->kind == ALGORITHM_RSA_PSS ? CKM_RSA_PKCS_PSS : CKM_RSA_PKCS;
        if (!string_equal(algorithm->hash, "sha256"))
                return -EOPNOTSUPP;
        if (algorithm->kind == ALGORITHM_RSA_PSS) {
                ret->has_pss = 1;
                ret->pss = (CK_RSA_PKCS_PSS_PARAMS){.hashAlg = CKM_SHA256,
                                                    .mgf = CKG_MGF1_SHA256,
                                                    .sLen = algorithm->digest_size};
        } else {
                ret->prefix = view_of(sha256_info, sizeof(sha256_info));
        }
        return 0;
}

int mechanism_of(const struct algorithm *algorithm, struct mechanism *ret)
{
        *ret = (struct mechanism){0};
        switch (algorithm->kind) {
        case ALGORITHM_ECDSA:
                return fill_ec(algorithm, ret);
        case ALGORITHM_ED25519:
                return fill_ed25519(ret);
        case ALGORITHM_RSA_PKCS1:
        case ALGORITHM_RSA_PSS:
                return fill_rsa(algorithm, ret);
        default:
                return -EOPNOTSUPP;
        }
}

static int check_one(struct token *token, CK_MECHANISM_TYPE type, unsigned bits, CK_FLAGS flag,
                     struct problem *problem)
{
        CK_MECHANISM_INFO info;
        CK_RV rv = token->module->C_GetMechanismInfo(PKCS11_get_slotid_from_slot(token->slot), type,
                                                     &info);
        int r;

        if (rv != CKR_OK) {
                r = token_error(rv, "asking the token for its mechanisms", NULL);
                return r == -ENODEV
                               ? token_error(rv, "asking the token for its mechanisms", problem)
                               : -EOPNOTSUPP;
        }
        /* Some tokens leave the sizes at 0, which means nothing. */
        if (!(info.flags & flag) || (info.ulMinKeySize > 0 && bits < info.ulMinKeySize) ||
            (info.ulMaxKeySize > 0 && bits > info.ulMaxKeySize))
                return -EOPNOTSUPP;
        return 0;
}

int mechanism_check(struct token *token, const struct algorithm *algorithm, struct problem *problem)
{
        struct mechanism mechanism;
        int r = mechanism_of(algorithm, &mechanism);

        if (r == 0)
                r = check_one(token, mechanism.generate, algorithm->bits, CKF_GENERATE_KEY_PAIR,
                              problem);
        if (r == 0)
                r = check_one(token, mechanism.sign, algorithm->bits, CKF_SIGN, problem);
        return r == -EOPNOTSUPP ? problem_set(problem, r, "this token has no %s", algorithm->name)
                                : r;
}

int mechanism_facts(struct token *token, struct facts *facts, struct problem *problem)
{
        _cleanup_(buf_done) struct buf names = BUF_INIT(1024);
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++) {
                int r = mechanism_check(token, algorithm, NULL);

                if (r == -EOPNOTSUPP)
                        continue;
                if (r < 0)
                        return problem_set(problem, r, "the token went away");
                buf_put_format(&names, "%s%s", names.size > 0 ? " " : "", algorithm->name);
        }
        buf_put_u8(&names, 0);
        return buf_error(&names) < 0 ? buf_error(&names)
                                     : facts_add(facts, "algorithms", (const char *)names.data);
}
