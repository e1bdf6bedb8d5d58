/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>

#define DIGEST_MAX 48

static const uint8_t digest_bytes[DIGEST_MAX] = "an artifact's digest, as far as the test knows.";

static struct view digest_for(const struct algorithm *algorithm)
{
        return view_of(digest_bytes, algorithm->digest_size);
}

static int verify(struct pubkey *key, const struct algorithm *algorithm, struct view signature)
{
        return pubkey_verify(key, algorithm, digest_for(algorithm), signature);
}

static void expect_every_flipped_bit_refused(struct pubkey *key, const struct algorithm *algorithm,
                                             struct buf *signature)
{
        size_t step = algorithm->kind == ALGORITHM_ECDSA ? 1 : 7;

        for (size_t bit = 0; bit < 8 * signature->size; bit += step) {
                signature->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                expect_integer(verify(key, algorithm, buf_view(signature)), -EKEYREJECTED);
                signature->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
}

static void expect_every_other_length_refused(struct pubkey *key, const struct algorithm *algorithm,
                                              struct buf *signature)
{
        for (size_t size = 0; size < signature->size; size++)
                expect_integer(verify(key, algorithm, view_of(signature->data, size)),
                               -EKEYREJECTED);
        buf_put_u8(signature, 0);
        expect_integer(verify(key, algorithm, buf_view(signature)), -EKEYREJECTED);
        signature->size--;
}

static void expect_other_digests_refused(struct pubkey *key, const struct algorithm *algorithm,
                                         struct view signature)
{
        uint8_t other[DIGEST_MAX];

        memcpy(other, digest_bytes, sizeof(other));
        other[algorithm->digest_size - 1] ^= 1;
        expect_integer(
                pubkey_verify(key, algorithm, view_of(other, algorithm->digest_size), signature),
                -EKEYREJECTED);
        expect_integer(pubkey_verify(key, algorithm, view_of(digest_bytes, 20), signature),
                       -EBADMSG);
        expect_integer(pubkey_verify(key, algorithm,
                                     view_of(digest_bytes, algorithm->digest_size - 1), signature),
                       -EBADMSG);
        expect_integer(pubkey_verify(key, algorithm,
                                     view_of(digest_bytes, algorithm->digest_size + 1), signature),
                       -EBADMSG);
        expect_integer(pubkey_verify(key, algorithm, view_of(NULL, 0), signature), -EBADMSG);
}

static void expect_algorithm_verifies(EVP_PKEY *pair, const struct algorithm *algorithm)
{
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf signature = {};

        key_sign(pair, algorithm, digest_for(algorithm), &signature);
        expect(signature.size <= algorithm->signature_max);
        expect_integer(verify(key, algorithm, buf_view(&signature)), 0);
        expect_every_flipped_bit_refused(key, algorithm, &signature);
        expect_every_other_length_refused(key, algorithm, &signature);
        expect_other_digests_refused(key, algorithm, buf_view(&signature));
        expect_integer(verify(key, algorithm, buf_view(&signature)), 0);
        for (size_t i = 0; algorithm_at(i); i++)
                if (!pubkey_fits(key, algorithm_at(i)))
                        expect_integer(verify(key, algorithm_at(i), buf_view(&signature)),
                                       -EOPNOTSUPP);
}

static void expect_refused_by_another_key(EVP_PKEY *pair, const struct algorithm *algorithm)
{
        _cleanup_(key_freep) EVP_PKEY *stranger = key_new(algorithm);
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(stranger);
        _cleanup_(buf_done) struct buf signature = {};

        key_sign(pair, algorithm, digest_for(algorithm), &signature);
        expect_integer(verify(key, algorithm, buf_view(&signature)), -EKEYREJECTED);
}

static void test_ecdsa(void)
{
        static const char *const names[] = {"ecdsa-p256", "ecdsa-p384"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct algorithm *algorithm = algorithm_find(names[i]);
                _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm);

                test_label = names[i];
                expect_algorithm_verifies(pair, algorithm);
                expect_refused_by_another_key(pair, algorithm);
        }
        test_label = "";
}

/* One RSA key serves both paddings; the verifier is made ready anew when they alternate. */
static void expect_paddings_kept_apart(EVP_PKEY *pair, const struct algorithm *pkcs1,
                                       const struct algorithm *pss)
{
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf by_pkcs1 = {}, by_pss = {};

        key_sign(pair, pkcs1, digest_for(pkcs1), &by_pkcs1);
        key_sign(pair, pss, digest_for(pss), &by_pss);
        for (size_t i = 0; i < 2; i++) {
                expect_integer(verify(key, pkcs1, buf_view(&by_pkcs1)), 0);
                expect_integer(verify(key, pss, buf_view(&by_pss)), 0);
                expect_integer(verify(key, pkcs1, buf_view(&by_pss)), -EKEYREJECTED);
                expect_integer(verify(key, pss, buf_view(&by_pkcs1)), -EKEYREJECTED);
        }
}

static void expect_any_salt_length(EVP_PKEY *pair, const struct algorithm *pss)
{
        static const int salts[] = {1, 20, 32, 64, RSA_PSS_SALTLEN_MAX, RSA_PSS_SALTLEN_DIGEST};
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);

        for (size_t i = 0; i < ARRAY_SIZE(salts); i++) {
                _cleanup_(buf_done) struct buf signature = {};

                key_sign_as(pair, pss, &(struct key_signing){.salt = salts[i]}, digest_for(pss),
                            &signature);
                expect_integer(verify(key, pss, buf_view(&signature)), 0);
        }
}

/* Same digest, same key, but the padding names or uses another hash than the algorithm. */
static void expect_other_hashes_refused(EVP_PKEY *pair, const struct algorithm *pkcs1,
                                        const struct algorithm *pss)
{
        const struct {
                const char *label;
                const struct algorithm *algorithm;
                struct key_signing how;
        } rows[] = {
                {"SHA3-256 in PKCS#1", pkcs1, {.hash = "sha3-256"}},
                {"SHA-512/256 in PKCS#1", pkcs1, {.hash = "sha512-256"}},
                {"SHA-512/256 in PSS", pss, {.hash = "sha512-256"}},
                {"SHA-1 in MGF1", pss, {.mgf1 = "sha1"}},
                {"SHA-384 in MGF1", pss, {.mgf1 = "sha384"}},
        };
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf signature = {};

                test_label = rows[i].label;
                key_sign_as(pair, rows[i].algorithm, &rows[i].how, digest_for(pkcs1), &signature);
                expect_integer(verify(key, rows[i].algorithm, buf_view(&signature)), -EKEYREJECTED);
        }
        test_label = "";
}

/* About every 256th RSA signature begins with a zero byte, which is part of it: RFC 8017 §8.1.2
 * step 1. */
static void expect_leading_zero_is_needed(EVP_PKEY *pair, const struct algorithm *algorithm)
{
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf signature = {};
        uint8_t digest[SHA256_SIZE] = {0};

        do {
                buf_clear(&signature);
                digest[0]++;
                if (digest[0] == 0)
                        digest[1]++;
                key_sign(pair, algorithm, view_of(digest, sizeof(digest)), &signature);
        } while (signature.data[0] != 0);
        expect_integer(pubkey_verify(key, algorithm, view_of(digest, sizeof(digest)),
                                     buf_view(&signature)),
                       0);
        expect_integer(pubkey_verify(key, algorithm, view_of(digest, sizeof(digest)),
                                     view_of(signature.data + 1, signature.size - 1)),
                       -EKEYREJECTED);
}

static void test_rsa(void)
{
        static const struct {
                const char *pkcs1, *pss;
        } rows[] = {{"rsa-2048", "rsa-2048-pss"}, {"rsa-3072", "rsa-3072-pss"}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct algorithm *pkcs1 = algorithm_find(rows[i].pkcs1),
                                       *pss = algorithm_find(rows[i].pss);
                _cleanup_(key_freep) EVP_PKEY *pair = key_new(pkcs1);

                test_label = rows[i].pkcs1;
                expect_algorithm_verifies(pair, pkcs1);
                expect_algorithm_verifies(pair, pss);
                expect_paddings_kept_apart(pair, pkcs1, pss);
                expect_any_salt_length(pair, pss);
                expect_other_hashes_refused(pair, pkcs1, pss);
                if (pkcs1->bits == 2048) {
                        expect_leading_zero_is_needed(pair, pkcs1);
                        expect_leading_zero_is_needed(pair, pss);
                }
        }
        test_label = "";
}

int main(void)
{
        test_ecdsa();
        test_rsa();
        return test_result();
}
