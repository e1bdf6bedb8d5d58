/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* OpenSSL 3 has no successor for the tables of a group */
#include "lib/ecdsa-table.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define P256_ORDER_SIZE ((size_t)32)
#define POINT_SIZE      ((size_t)65) /* uncompressed: SEC 1 §2.3.3 */

struct ecdsa_table {
        EC_GROUP *curve; /* P-256, whose generator libcrypto has a table for */
        EC_GROUP *key;   /* P-256 again, with the public key for its generator */
        BN_CTX *scratch;
        EC_POINT *sum, *term; /* of the curve and of the key */
        BIGNUM *prime;        /* of the field */
};

static void signature_freep(ECDSA_SIG **signature)
{
        ECDSA_SIG_free(*signature);
}

static void openssl_freep(unsigned char **bytes)
{
        OPENSSL_free(*bytes);
}

struct ecdsa_table *ecdsa_table_free(struct ecdsa_table *table)
{
        if (!table)
                return NULL;
        EC_POINT_free(table->term);
        EC_POINT_free(table->sum);
        BN_free(table->prime);
        BN_CTX_free(table->scratch);
        EC_GROUP_free(table->key);
        EC_GROUP_free(table->curve);
        free(table);
        return NULL;
}

static int make_table(struct ecdsa_table *table)
{
#ifdef OPENSSL_NO_DEPRECATED_3_0
        (void)table;
        return 0;
#else
        return EC_GROUP_get_curve(table->curve, table->prime, NULL, NULL, table->scratch) == 1 &&
               EC_GROUP_set_generator(table->key, table->term, EC_GROUP_get0_order(table->curve),
                                      BN_value_one()) == 1 &&
               EC_GROUP_precompute_mult(table->key, table->scratch) == 1;
#endif
}

int ecdsa_table_new(EVP_PKEY *pkey, struct ecdsa_table **ret)
{
        _cleanup_(ecdsa_table_freep) struct ecdsa_table *table = calloc(1, sizeof(*table));
        uint8_t point[POINT_SIZE];
        char group[sizeof("prime256v1")];
        size_t size;
        int r = -ENOMEM;

        if (!table)
                return -ENOMEM;
        if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
            OBJ_txt2nid(group) != NID_X9_62_prime256v1 ||
            EVP_PKEY_get_octet_string_param(pkey, "pub", point, sizeof(point), &size) != 1)
                r = -EOPNOTSUPP;
        else if ((table->curve = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)) &&
                 (table->key = EC_GROUP_dup(table->curve)) && (table->scratch = BN_CTX_new()) &&
                 (table->prime = BN_new()) && (table->sum = EC_POINT_new(table->curve)) &&
                 (table->term = EC_POINT_new(table->key)))
                r = EC_POINT_oct2point(table->key, table->term, point, size, table->scratch) == 1 &&
                                    make_table(table)
                            ? 0
                            : -EOPNOTSUPP;
        ERR_clear_error();
        if (r == 0)
                *ret = TAKE_PTR(table);
        return r;
}

/* As libcrypto does: what it reads has to be what it would write. */
static ECDSA_SIG *read_signature(struct view der)
{
        _cleanup_(signature_freep) ECDSA_SIG *signature = NULL;
        _cleanup_(openssl_freep) unsigned char *again = NULL;
        const unsigned char *at = der.data;
        int size;

        if (der.size > LONG_MAX || !d2i_ECDSA_SIG(&signature, &at, (long)der.size))
                return NULL;
        size = i2d_ECDSA_SIG(signature, &again);
        if (size < 0 || !view_equal(der, view_of(again, (size_t)size)))
                return NULL;
        return TAKE_PTR(signature);
}

/* 1 <= number < order: FIPS 186-5 §6.4.2, step 1. */
static int is_scalar(const BIGNUM *number, const BIGNUM *order)
{
        return !BN_is_zero(number) && !BN_is_negative(number) && BN_ucmp(number, order) < 0;
}

/* Whether the sum's x coordinate, modulo the order, is @r: whether X = x Z^2 for x = r, or for x =
 * r + order where that is a coordinate too. The quotient itself would take an inversion in the
 * field. 0, -EKEYREJECTED, or -ENOMEM. */
static int check_coordinate(const struct ecdsa_table *table, const BIGNUM *r)
{
#ifdef OPENSSL_NO_DEPRECATED_3_0
        return -EKEYREJECTED; /* there is no table */
#else
        const BIGNUM *order = EC_GROUP_get0_order(table->curve), *prime = table->prime;
        BIGNUM *x = BN_CTX_get(table->scratch), *z = BN_CTX_get(table->scratch);
        BIGNUM *candidate = BN_CTX_get(table->scratch), *product = BN_CTX_get(table->scratch);

        if (!product || !BN_copy(candidate, r) ||
            !EC_POINT_get_Jprojective_coordinates_GFp(table->curve, table->sum, x, NULL, z,
                                                      table->scratch) ||
            !BN_mod_sqr(z, z, prime, table->scratch))
                return -ENOMEM;
        while (BN_ucmp(candidate, prime) < 0) {
                if (!BN_mod_mul(product, candidate, z, prime, table->scratch))
                        return -ENOMEM;
                if (BN_ucmp(product, x) == 0)
                        return 0;
                if (!BN_add(candidate, candidate, order))
                        return -ENOMEM;
        }
        return -EKEYREJECTED;
#endif
}

/* R = (e/s) G + (r/s) Q; its x coordinate, modulo the order, has to be r. 0, -EKEYREJECTED, or
 * -ENOMEM. The numbers are the scratch's. */
static int check_equation(struct ecdsa_table *table, struct view digest, const ECDSA_SIG *signature)
{
        const BIGNUM *order = EC_GROUP_get0_order(table->curve);
        const BIGNUM *r = ECDSA_SIG_get0_r(signature), *s = ECDSA_SIG_get0_s(signature);
        BIGNUM *e = BN_CTX_get(table->scratch), *w = BN_CTX_get(table->scratch);
        BIGNUM *u = BN_CTX_get(table->scratch);
        BN_CTX *scratch = table->scratch;

        if (!u)
                return -ENOMEM;
        if (!is_scalar(r, order) || !is_scalar(s, order))
                return -EKEYREJECTED;
        if (!BN_bin2bn(digest.data, (int)digest.size, e) || !BN_mod_inverse(w, s, order, scratch) ||
            !BN_mod_mul(u, e, w, order, scratch) ||
            !EC_POINT_mul(table->curve, table->sum, u, NULL, NULL, scratch) ||
            !BN_mod_mul(u, r, w, order, scratch) ||
            !EC_POINT_mul(table->key, table->term, u, NULL, NULL, scratch) ||
            !EC_POINT_add(table->curve, table->sum, table->sum, table->term, scratch))
                return -ENOMEM;
        if (EC_POINT_is_at_infinity(table->curve, table->sum))
                return -EKEYREJECTED;
        return check_coordinate(table, r);
}

int ecdsa_table_verify(struct ecdsa_table *table, struct view digest, struct view signature)
{
        _cleanup_(signature_freep) ECDSA_SIG *parsed = read_signature(signature);
        int r = -EKEYREJECTED;

        assert(digest.size == P256_ORDER_SIZE);
        if (parsed) {
                BN_CTX_start(table->scratch);
                r = check_equation(table, digest, parsed);
                BN_CTX_end(table->scratch);
        }
        if (r < 0)
                ERR_clear_error();
        return r;
}
