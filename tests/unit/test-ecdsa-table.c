/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever EVP_PKEY_verify() says of a signature, the table says, too: of honest ones, of ones with
 * a flipped bit, and of those that random numbers never reach. */
#include "lib/ecdsa-table.h"
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#define SCALAR_SIZE 32

static const EC_GROUP *curve;
static const BIGNUM *order;
static BN_CTX *scratch;

static int by_libcrypto(EVP_PKEY *key, struct view digest, struct view signature)
{
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
        int r;

        assert(context && EVP_PKEY_verify_init(context) == 1);
        r = EVP_PKEY_verify(context, signature.data, signature.size, digest.data, digest.size);
        EVP_PKEY_CTX_free(context);
        return r == 1 ? 0 : -EKEYREJECTED;
}

static void expect_same(EVP_PKEY *key, struct view digest, struct view signature, int expected)
{
        _cleanup_(ecdsa_table_freep) struct ecdsa_table *table = NULL;

        expect_integer(ecdsa_table_new(key, &table), 0);
        expect_integer(by_libcrypto(key, digest, signature), expected);
        expect_integer(ecdsa_table_verify(table, digest, signature), expected);
}

static void test_every_flipped_bit(void)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm);
        _cleanup_(ecdsa_table_freep) struct ecdsa_table *table = NULL;
        uint8_t digest[SCALAR_SIZE] = "thirty-two bytes of a digest...";

        expect_integer(ecdsa_table_new(pair, &table), 0);
        for (size_t i = 0; i < 8; i++) {
                _cleanup_(buf_done) struct buf signature = {};

                digest[i]++;
                key_sign(pair, algorithm, view_of(digest, sizeof(digest)), &signature);
                expect_integer(ecdsa_table_verify(table, view_of(digest, sizeof(digest)),
                                                  buf_view(&signature)),
                               0);
                for (size_t bit = 0; bit < 8 * signature.size; bit++) {
                        signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                        expect_integer(ecdsa_table_verify(table, view_of(digest, sizeof(digest)),
                                                          buf_view(&signature)),
                                       by_libcrypto(pair, view_of(digest, sizeof(digest)),
                                                    buf_view(&signature)));
                        signature.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                }
        }
}

static BIGNUM *number(const char *hex)
{
        BIGNUM *number = NULL;

        assert(BN_hex2bn(&number, hex) > 0);
        return number;
}

static void put_signature(const BIGNUM *r, const BIGNUM *s, struct buf *ret)
{
        ECDSA_SIG *signature = ECDSA_SIG_new();
        unsigned char *der = NULL;
        int size;

        assert(signature && ECDSA_SIG_set0(signature, BN_dup(r), BN_dup(s)) == 1);
        size = i2d_ECDSA_SIG(signature, &der);
        assert(size > 0);
        ret->size = 0;
        buf_put(ret, der, (size_t)size);
        OPENSSL_free(der);
        ECDSA_SIG_free(signature);
}

static EVP_PKEY *key_of_point(const EC_POINT *point)
{
        OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
        EVP_PKEY *key = NULL;
        uint8_t bytes[65];
        OSSL_PARAM *params;

        assert(EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof(bytes),
                                  scratch) == sizeof(bytes));
        assert(OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1",
                                               0) == 1 &&
               OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, bytes,
                                                sizeof(bytes)) == 1);
        params = OSSL_PARAM_BLD_to_param(builder);
        assert(EVP_PKEY_fromdata_init(context) == 1 &&
               EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(builder);
        EVP_PKEY_CTX_free(context);
        return key;
}

/* Takes the private key, the digest and the two numbers of a signature, as numbers. */
static void expect_numbers(const BIGNUM *d, const BIGNUM *e, const BIGNUM *r, const BIGNUM *s,
                           int expected)
{
        _cleanup_(buf_done) struct buf signature = {};
        EC_POINT *point = EC_POINT_new(curve);
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        uint8_t digest[SCALAR_SIZE];

        assert(EC_POINT_mul(curve, point, d, NULL, NULL, scratch) == 1);
        key = key_of_point(point);
        EC_POINT_free(point);
        assert(BN_bn2binpad(e, digest, sizeof(digest)) == sizeof(digest));
        put_signature(r, s, &signature);
        expect_same(key, view_of(digest, sizeof(digest)), buf_view(&signature), expected);
}

/* The signature of @e with the nonce @k: r = x(k G), s = (e + r d) / k. */
static void sign(const BIGNUM *d, const BIGNUM *e, const BIGNUM *k, BIGNUM *r, BIGNUM *s)
{
        EC_POINT *point = EC_POINT_new(curve);

        assert(EC_POINT_mul(curve, point, k, NULL, NULL, scratch) == 1 &&
               EC_POINT_get_affine_coordinates(curve, point, r, NULL, scratch) == 1 &&
               BN_nnmod(r, r, order, scratch) == 1 && BN_mod_mul(s, r, d, order, scratch) == 1 &&
               BN_mod_add(s, s, e, order, scratch) == 1);
        EC_POINT_free(point);
        {
                BIGNUM *inverse = BN_mod_inverse(NULL, k, order, scratch);

                assert(inverse && BN_mod_mul(s, s, inverse, order, scratch) == 1);
                BN_free(inverse);
        }
}

static void test_ranges(void)
{
        BIGNUM *d = number("C0FFEE"), *e = number("D1"), *k = number("5EED");
        BIGNUM *r = BN_new(), *s = BN_new(), *zero = BN_new(), *other = BN_dup(order);

        sign(d, e, k, r, s);
        expect_numbers(d, e, r, s, 0);
        expect_numbers(d, e, zero, s, -EKEYREJECTED);
        expect_numbers(d, e, r, zero, -EKEYREJECTED);
        expect_numbers(d, e, order, s, -EKEYREJECTED);
        expect_numbers(d, e, r, order, -EKEYREJECTED);
        BN_add(other, order, s);
        expect_numbers(d, e, r, other, -EKEYREJECTED);
        BN_add(other, order, r);
        expect_numbers(d, e, other, s, -EKEYREJECTED);
        BN_sub(other, order, s); /* what ECDSA takes by its nature */
        expect_numbers(d, e, r, other, 0);
        BN_add(other, order, e); /* a digest beyond the order stands for the same number */
        expect_numbers(d, other, r, s, 0);
        sign(d, zero, k, r, s);
        expect_numbers(d, zero, r, s, 0);
        expect_numbers(BN_value_one(), zero, r, s, -EKEYREJECTED);
        sign(BN_value_one(), e, k, r, s); /* the key is the generator */
        expect_numbers(BN_value_one(), e, r, s, 0);
        BN_free(d), BN_free(e), BN_free(k), BN_free(r), BN_free(s), BN_free(zero), BN_free(other);
}

/* The two terms cancel out, and the two terms are one point. */
static void test_terms_that_meet(void)
{
        BIGNUM *d = number("C0FFEE"), *e = BN_new(), *k = number("5EED"), *r = BN_new();
        BIGNUM *s = BN_new();

        sign(d, BN_value_one(), k, r, s);
        BN_mod_mul(e, r, d, order, scratch);
        BN_sub(e, order, e);
        expect_numbers(d, e, r, s, -EKEYREJECTED);
        BN_sub(e, order, e);
        sign(d, e, k, r, s);
        expect_numbers(d, e, r, s, 0);
        BN_free(d), BN_free(e), BN_free(k), BN_free(r), BN_free(s);
}

/* x(R) is between the order and the prime of the field: r is what is left of it. Out of such an R,
 * an s and an e comes the key: Q = (s R - e G) / r. */
static void test_beyond_the_order(void)
{
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        _cleanup_(buf_done) struct buf signature = {};
        EC_POINT *sum = EC_POINT_new(curve), *point = EC_POINT_new(curve);
        BIGNUM *e = number("D1"), *s = number("5EED"), *r = BN_new(), *x = BN_dup(order);
        BIGNUM *inverse;
        uint8_t digest[SCALAR_SIZE];

        do {
                assert(BN_add_word(x, 1) == 1 && BN_add_word(r, 1) == 1);
        } while (EC_POINT_set_compressed_coordinates(curve, sum, x, 0, scratch) != 1);
        assert(EC_POINT_mul(curve, sum, NULL, sum, s, scratch) == 1 &&
               EC_POINT_mul(curve, point, e, NULL, NULL, scratch) == 1 &&
               EC_POINT_invert(curve, point, scratch) == 1 &&
               EC_POINT_add(curve, sum, sum, point, scratch) == 1);
        inverse = BN_mod_inverse(NULL, r, order, scratch);
        assert(inverse && EC_POINT_mul(curve, sum, NULL, sum, inverse, scratch) == 1);
        key = key_of_point(sum);
        assert(BN_bn2binpad(e, digest, sizeof(digest)) == sizeof(digest));
        put_signature(r, s, &signature);
        expect_same(key, view_of(digest, sizeof(digest)), buf_view(&signature), 0);
        BN_free(e), BN_free(s), BN_free(r), BN_free(x), BN_free(inverse);
        EC_POINT_free(sum), EC_POINT_free(point);
}

static void test_not_der(void)
{
        static const uint8_t digest[SCALAR_SIZE];
        static const struct view none = {};
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        static const uint8_t long_length[] = {0x30, 0x81, 6, 2, 1, 1, 2, 1, 1};
        static const uint8_t padded[] = {0x30, 7, 2, 2, 0, 1, 2, 1, 1};
        static const uint8_t negative[] = {0x30, 6, 2, 1, 1, 2, 1, 0xff};
        static const uint8_t trailing[] = {0x30, 6, 2, 1, 1, 2, 1, 1, 0};

        expect_same(pair, view_of(digest, sizeof(digest)), none, -EKEYREJECTED);
        expect_same(pair, view_of(digest, sizeof(digest)),
                    view_of(long_length, sizeof(long_length)), -EKEYREJECTED);
        expect_same(pair, view_of(digest, sizeof(digest)), view_of(padded, sizeof(padded)),
                    -EKEYREJECTED);
        expect_same(pair, view_of(digest, sizeof(digest)), view_of(negative, sizeof(negative)),
                    -EKEYREJECTED);
        expect_same(pair, view_of(digest, sizeof(digest)), view_of(trailing, sizeof(trailing)),
                    -EKEYREJECTED);
}

static void test_other_keys(void)
{
        static const char *const names[] = {"ecdsa-p384", "rsa-2048"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const struct algorithm *algorithm = algorithm_find(names[i]);
                _cleanup_(key_freep) EVP_PKEY *pair = algorithm ? key_new(algorithm) : NULL;
                struct ecdsa_table *table = NULL;

                if (pair)
                        expect_integer(ecdsa_table_new(pair, &table), -EOPNOTSUPP);
        }
}

int main(void)
{
        EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);

        curve = group;
        order = EC_GROUP_get0_order(group);
        scratch = BN_CTX_new();
        assert(scratch);
        test_every_flipped_bit();
        test_ranges();
        test_terms_that_meet();
        test_beyond_the_order();
        test_not_der();
        test_other_keys();
        BN_CTX_free(scratch);
        EC_GROUP_free(group);
        return test_result();
}
