/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/algorithm.h"
#include "tests/test.h"

#include <openssl/evp.h>
#include <openssl/objects.h>

/* The names are in configuration files, records and key rings: removing or changing one breaks
 * those. */
static const struct {
        const char *name, *hash, *key_details;
        enum algorithm_kind kind;
        unsigned bits;
        size_t signature_max;
} expected[] = {
        {"ecdsa-p256", "sha256", "PKIX_ECDSA_P256_SHA_256", ALGORITHM_ECDSA, 256, 72},
        {"ecdsa-p384", "sha384", "PKIX_ECDSA_P384_SHA_384", ALGORITHM_ECDSA, 384, 104},
        {"rsa-2048", "sha256", "PKIX_RSA_PKCS1V15_2048_SHA256", ALGORITHM_RSA_PKCS1, 2048, 256},
        {"rsa-3072", "sha256", "PKIX_RSA_PKCS1V15_3072_SHA256", ALGORITHM_RSA_PKCS1, 3072, 384},
        {"rsa-2048-pss", "sha256", "PKIX_RSA_PSS_2048_SHA256", ALGORITHM_RSA_PSS, 2048, 256},
        {"rsa-3072-pss", "sha256", "PKIX_RSA_PSS_3072_SHA256", ALGORITHM_RSA_PSS, 3072, 384},
        {"ed25519", "sha256", "PKIX_ED25519", ALGORITHM_ED25519, 256, 64},
};

static void test_published_rows(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
                const struct algorithm *row = algorithm_find(expected[i].name);

                test_label = expected[i].name;
                expect(row != NULL);
                if (!row)
                        continue;
                expect_integer(row->kind, expected[i].kind);
                expect_integer(row->bits, expected[i].bits);
                expect_integer(row->signature_max, expected[i].signature_max);
                expect(string_equal(row->hash, expected[i].hash));
                expect(string_equal(row->key_details, expected[i].key_details));
        }
        test_label = "";
}

/* The largest DER: two integers of as many bytes as the order, each with a zero in front. */
static size_t ecdsa_signature_max(unsigned bits)
{
        size_t integer = 2 + 1 + (bits + 7) / 8;

        return 2 + 2 * integer;
}

static void expect_row_is_consistent(const struct algorithm *row)
{
        const EVP_MD *md = EVP_get_digestbyname(row->hash);

        expect(md && (size_t)EVP_MD_get_size(md) == row->digest_size);
        expect_integer(algorithm_signs_messages(row), row->kind == ALGORITHM_ED25519);
        if (row->kind == ALGORITHM_ED25519) {
                expect_integer(OBJ_sn2nid(row->curve), NID_ED25519);
                expect_integer(row->signature_max, 2 * row->bits / 8);
        } else if (row->kind == ALGORITHM_ECDSA) {
                expect(row->curve && OBJ_sn2nid(row->curve) == NID_undef);
                expect_integer(row->signature_max, ecdsa_signature_max(row->bits));
        } else {
                expect(!row->curve);
                expect_integer(row->signature_max, row->bits / 8);
        }
}

static void test_every_row(void)
{
        const struct algorithm *row;
        size_t count = 0;

        for (; (row = algorithm_at(count)); count++) {
                test_label = row->name;
                expect(algorithm_find(row->name) == row);
                expect_row_is_consistent(row);
        }
        test_label = "";
        expect_integer(count, ARRAY_SIZE(expected));
        expect(!algorithm_at(count + 1));
        expect(!algorithm_at(SIZE_MAX));
}

static void test_unknown_names(void)
{
        static const char *const names[] = {"",           "ecdsa",    "ECDSA-P256", "ecdsa-p256 ",
                                            "ecdsa-p521", "rsa-1024", "rsa",        "none"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                test_label = names[i];
                expect(!algorithm_find(names[i]));
        }
        test_label = "";
}

int main(void)
{
        test_published_rows();
        test_every_row();
        test_unknown_names();
        return test_result();
}
