/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "lib/spki.h"

static int read_spki(struct view der)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        int r = pubkey_from_spki(der, &key);

        expect((r == 0) == (key != NULL));
        return r;
}

static int read_pem(struct view text)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        int r = pubkey_from_pem(text, &key);

        expect((r == 0) == (key != NULL));
        return r;
}

static void put_pem_of(EVP_PKEY *key, struct buf *buf)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char *text;
        long size;

        assert(bio && PEM_write_bio_PUBKEY(bio, key) == 1);
        size = BIO_get_mem_data(bio, &text);
        buf_put(buf, text, (size_t)size);
        BIO_free(bio);
}

/* RSA keys are the same for both paddings. */
static enum algorithm_kind family_of(const struct algorithm *algorithm)
{
        return algorithm->kind == ALGORITHM_RSA_PSS ? ALGORITHM_RSA_PKCS1 : algorithm->kind;
}

static void expect_reads_key(EVP_PKEY *key, const struct algorithm *algorithm)
{
        _cleanup_(buf_done) struct buf spki = {}, pem = {}, written = {};
        _cleanup_(pubkey_freep) struct pubkey *from_spki = NULL, *from_pem = NULL;
        struct sha256 fingerprint;

        key_put_spki(key, &spki);
        put_pem_of(key, &pem);
        fingerprint = sha256_of(buf_view(&spki));
        expect_integer(pubkey_from_spki(buf_view(&spki), &from_spki), 0);
        expect_integer(pubkey_from_pem(buf_view(&pem), &from_pem), 0);
        if (!from_spki || !from_pem)
                return;
        expect_view(pubkey_spki(from_spki), buf_view(&spki));
        expect_view(pubkey_spki(from_pem), buf_view(&spki));
        expect_view(sha256_view(pubkey_fingerprint(from_spki)), sha256_view(&fingerprint));
        pubkey_put_pem(from_spki, &written);
        expect_view(buf_view(&written), buf_view(&pem));
        for (size_t i = 0; algorithm_at(i); i++)
                expect_integer(pubkey_fits(from_spki, algorithm_at(i)),
                               family_of(algorithm_at(i)) == family_of(algorithm) &&
                                       algorithm_at(i)->bits == algorithm->bits);
}

/* Each byte of the key taken off its end, and one put there: nothing but the whole is a key. */
static void expect_exact_length(EVP_PKEY *key)
{
        _cleanup_(buf_done) struct buf spki = {};

        key_put_spki(key, &spki);
        for (size_t size = 0; size < spki.size; size++)
                expect_integer(read_spki(view_of(spki.data, size)), -EBADMSG);
        buf_put_u8(&spki, 0);
        expect_integer(read_spki(buf_view(&spki)), -EBADMSG);
}

/* A PSS row has the same keys as the row without: pubkey_fits() is asked about all of them. */
static void test_every_kind_of_key(void)
{
        for (size_t i = 0; algorithm_at(i); i++) {
                _cleanup_(key_freep) EVP_PKEY *key = NULL;

                if (algorithm_at(i)->kind == ALGORITHM_RSA_PSS)
                        continue;
                key = key_new(algorithm_at(i));
                test_label = algorithm_at(i)->name;
                expect_reads_key(key, algorithm_at(i));
                expect_exact_length(key);
        }
        test_label = "";
}

static void test_other_keys_are_unsupported(void)
{
        static const struct {
                const char *type, *curve;
        } rows[] = {
                {"EC", "P-521"},           {"EC", "secp256k1"}, {"EC", "P-224"},
                {"EC", "brainpoolP256r1"}, {"ED448", NULL},     {"X25519", NULL},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(key_freep) EVP_PKEY *key =
                        EVP_PKEY_Q_keygen(NULL, NULL, rows[i].type, rows[i].curve);
                _cleanup_(buf_done) struct buf spki = {}, pem = {};

                assert(key);
                test_label = rows[i].curve ? rows[i].curve : rows[i].type;
                key_put_spki(key, &spki);
                put_pem_of(key, &pem);
                expect_integer(read_spki(buf_view(&spki)), -EOPNOTSUPP);
                expect_integer(read_pem(buf_view(&pem)), -EOPNOTSUPP);
        }
        test_label = "";
}

/* An RSA key of that many bits, made up: nobody has its private key. */
static int put_rsa(struct buf *spki, size_t bits, uint8_t last, struct view exponent)
{
        uint8_t modulus[1024];

        assert(bits % 8 == 0 && bits / 8 <= sizeof(modulus));
        for (size_t i = 0; i < bits / 8; i++)
                modulus[i] = (uint8_t)(i * 37 + 0xc1);
        modulus[bits / 8 - 1] = last;
        return spki_put_rsa(spki, view_of(modulus, bits / 8), exponent);
}

static void test_rsa_sizes_that_no_algorithm_has(void)
{
        static const struct {
                size_t bits;
        } rows[] = {{1024}, {2040}, {2056}, {3064}, {4096}, {7680}};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf spki = {};

                expect_integer(put_rsa(&spki, rows[i].bits, 0x35, view_of("\1\0\1", 3)), 0);
                expect_integer(read_spki(buf_view(&spki)), -EOPNOTSUPP);
        }
}

/* With exponent 1 a signature is its own padding; with an even one, or an even modulus, there is no
 * RSA. */
static void test_rsa_numbers_that_are_no_key(void)
{
        static const struct {
                const char *label;
                uint8_t last;
                struct view exponent;
        } rows[] = {
                {"even modulus", 0x34, {(const uint8_t *)"\1\0\1", 3}},
                {"exponent 0", 0x35, {(const uint8_t *)"\0", 1}},
                {"exponent 1", 0x35, {(const uint8_t *)"\0\1", 2}},
                {"even exponent", 0x35, {(const uint8_t *)"\1\0\2", 3}},
                {"no exponent", 0x35, {(const uint8_t *)"", 0}},
                {"exponent of 9 bytes", 0x35, {(const uint8_t *)"\1\0\0\0\0\0\0\0\1", 9}},
        };
        _cleanup_(buf_done) struct buf spki = {};

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i].label;
                expect_integer(put_rsa(&spki, 2048, rows[i].last, rows[i].exponent), -EBADMSG);
                expect_integer(spki.size, 0);
                buf_clear(&spki);
        }
        test_label = "";
        expect_integer(spki_put_rsa(&spki, view_of(NULL, 0), view_of("\3", 1)), -EBADMSG);
}

/* The same through the reader: the last three bytes of a key made by OpenSSL are its exponent
 * 65537. */
static void test_rsa_exponent_one_is_no_key(void)
{
        _cleanup_(key_freep) EVP_PKEY *key = key_new(algorithm_find("rsa-2048"));
        _cleanup_(buf_done) struct buf spki = {};

        key_put_spki(key, &spki);
        expect_integer(read_spki(buf_view(&spki)), 0);
        spki.data[spki.size - 1] = 2;
        expect_integer(read_spki(buf_view(&spki)), -EBADMSG);
        spki.data[spki.size - 1] = 1;
        spki.data[spki.size - 6] &= 0xfe;
        expect_integer(read_spki(buf_view(&spki)), -EBADMSG);
}

static void test_rsa_pss_typed_key(void)
{
        _cleanup_(key_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA-PSS", (size_t)2048);
        _cleanup_(buf_done) struct buf spki = {};

        if (!key) { /* this OpenSSL takes no size for it here */
                EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);

                assert(context && EVP_PKEY_keygen_init(context) == 1 &&
                       EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1 &&
                       EVP_PKEY_generate(context, &key) == 1);
                EVP_PKEY_CTX_free(context);
        }
        key_put_spki(key, &spki);
        expect_integer(read_spki(buf_view(&spki)), -EOPNOTSUPP);
}

static EVP_PKEY *ec_key_with(const char *parameter, const char *value)
{
        EVP_PKEY *key = key_new(algorithm_find("ecdsa-p256"));

        assert(EVP_PKEY_set_utf8_string_param(key, parameter, value) == 1);
        return key;
}

/* One key has one SPKI, and so one fingerprint: named curve, uncompressed point. */
static void test_other_encodings_of_ec_keys(void)
{
        static const struct {
                const char *parameter, *value;
                int r;
        } rows[] = {
                {OSSL_PKEY_PARAM_EC_ENCODING, "explicit", -EOPNOTSUPP},
                {OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed", -EBADMSG},
                {OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "hybrid", -EBADMSG},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(key_freep) EVP_PKEY *key = ec_key_with(rows[i].parameter, rows[i].value);
                _cleanup_(buf_done) struct buf spki = {}, pem = {};

                test_label = rows[i].value;
                key_put_spki(key, &spki);
                put_pem_of(key, &pem);
                expect_integer(read_spki(buf_view(&spki)), rows[i].r);
                expect_integer(read_pem(buf_view(&pem)), rows[i].r);
        }
        test_label = "";
}

/* The SPKI head of a P-256 key with a bit string of @size bytes for the point. */
static void put_p256_spki(struct buf *buf, struct view point)
{
        static const uint8_t algorithm[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                            0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
                                            0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

        buf_put_u8(buf, 0x30);
        buf_put_u8(buf, (uint8_t)(sizeof(algorithm) + 3 + point.size));
        buf_put(buf, algorithm, sizeof(algorithm));
        buf_put_u8(buf, 0x03);
        buf_put_u8(buf, (uint8_t)(point.size + 1));
        buf_put_u8(buf, 0);
        buf_put_view(buf, point);
}

/* With the point at infinity for a key, anybody can make signatures. */
static void test_points_that_are_no_key(void)
{
        uint8_t off_curve[65] = {4, 1}, zero[65] = {4};
        const struct {
                const char *label;
                struct view point;
        } rows[] = {
                {"infinity", {(const uint8_t *)"\0", 1}},
                {"no point", {(const uint8_t *)"", 0}},
                {"off the curve", {off_curve, sizeof(off_curve)}},
                {"zero", {zero, sizeof(zero)}},
                {"cut", {off_curve, sizeof(off_curve) - 1}},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf spki = {};

                test_label = rows[i].label;
                put_p256_spki(&spki, rows[i].point);
                expect_integer(read_spki(buf_view(&spki)), -EBADMSG);
        }
        test_label = "";
}

/* A flipped bit anywhere gives another key or none, but never the same one again. */
static void test_every_flipped_bit(void)
{
        _cleanup_(key_freep) EVP_PKEY *key = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(buf_done) struct buf spki = {};

        key_put_spki(key, &spki);
        for (size_t bit = 0; bit < 8 * spki.size; bit++) {
                int r;

                spki.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                r = read_spki(buf_view(&spki));
                expect(r == -EBADMSG || r == -EOPNOTSUPP);
                spki.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        expect_integer(read_spki(buf_view(&spki)), 0);
}

static void test_sizes_out_of_bounds(void)
{
        uint8_t bytes[SPKI_SIZE_MAX + 1] = {0x30, 0x82, 0x03, 0xfd};

        expect_integer(read_spki(view_of(NULL, 0)), -EBADMSG);
        expect_integer(read_spki(view_of(bytes, sizeof(bytes))), -EBADMSG);
        expect_integer(read_spki(view_of(bytes, sizeof(bytes) - 1)), -EBADMSG);
}

static void test_coordinates(void)
{
        for (size_t i = 0; algorithm_at(i) && algorithm_at(i)->kind == ALGORITHM_ECDSA; i++) {
                _cleanup_(key_freep) EVP_PKEY *key = key_new(algorithm_at(i));
                _cleanup_(buf_done) struct buf expected = {}, spki = {}, padded = {};
                size_t size = algorithm_at(i)->bits / 8;
                const uint8_t *x;

                test_label = algorithm_at(i)->name;
                key_put_spki(key, &expected);
                x = expected.data + expected.size - 2 * size;
                expect_integer(spki_put_ec(&spki, algorithm_at(i), view_of(x, size),
                                           view_of(x + size, size)),
                               0);
                expect_view(buf_view(&spki), buf_view(&expected));
                buf_put(&padded, "\0\0\0\0\0", 5);
                buf_put(&padded, x, size);
                buf_clear(&spki);
                expect_integer(spki_put_ec(&spki, algorithm_at(i), buf_view(&padded),
                                           view_of(x + size, size)),
                               0);
                expect_view(buf_view(&spki), buf_view(&expected));
                buf_clear(&spki);
                expect_integer(
                        spki_put_ec(&spki, algorithm_at(i), view_of(x, size), view_of(x, size)),
                        -EBADMSG);
                expect_integer(spki_put_ec(&spki, algorithm_at(i), view_of(x, size - 1),
                                           view_of(x + size, size)),
                               -EBADMSG);
                expect_integer(
                        spki_put_ec(&spki, algorithm_at(i), view_of(NULL, 0), view_of(NULL, 0)),
                        -EBADMSG);
                expect_integer(spki_put_ec(&spki, algorithm_at(i), view_of(x, size + 1),
                                           view_of(x + size, size)),
                               -EBADMSG);
                expect_integer(spki.size, 0);
        }
        test_label = "";
}

int main(void)
{
        test_every_kind_of_key();
        test_other_keys_are_unsupported();
        test_rsa_sizes_that_no_algorithm_has();
        test_rsa_numbers_that_are_no_key();
        test_rsa_exponent_one_is_no_key();
        test_rsa_pss_typed_key();
        test_other_encodings_of_ec_keys();
        test_points_that_are_no_key();
        test_every_flipped_bit();
        test_sizes_out_of_bounds();
        test_coordinates();
        pubkey_free(NULL);
        return test_result();
}
