/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/pubkey.h"

#include "lib/ecdsa-table.h"
#include "lib/ed25519.h"
#include "lib/spki.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define PEM_SIZE_MAX ((size_t)65536) /* with whatever text stands around the block */

struct pubkey {
        EVP_PKEY *pkey;
        EVP_PKEY_CTX *verifier; /* made ready for @verifier_algorithm, used again and again */
        const struct algorithm *verifier_algorithm;
        struct ecdsa_table *table; /* once the key has been used often enough */
        unsigned verifications;    /* with @verifier, up to ECDSA_TABLE_WORTH */
        struct buf spki;
        struct sha256 fingerprint;
};

static void evp_pkey_ctx_freep(EVP_PKEY_CTX **context)
{
        EVP_PKEY_CTX_free(*context);
}

static void bn_freep(BIGNUM **number)
{
        BN_free(*number);
}

static void bio_freep(BIO **bio)
{
        (void)BIO_free(*bio);
}

static void openssl_freep(unsigned char **bytes)
{
        OPENSSL_free(*bytes);
}

static void openssl_charp(char **text)
{
        OPENSSL_free(*text);
}

/* libcrypto's error queue is per thread and grows with every failure; nobody here reads it. */
static int forget_openssl_errors(int r)
{
        ERR_clear_error();
        return r;
}

static int pkey_fits(const EVP_PKEY *pkey, const struct algorithm *algorithm)
{
        char group[32] = "";

        if (algorithm->kind == ALGORITHM_ED25519)
                return EVP_PKEY_is_a(pkey, algorithm->curve);
        if (algorithm->kind != ALGORITHM_ECDSA)
                return EVP_PKEY_is_a(pkey, "RSA") &&
                       EVP_PKEY_get_bits(pkey) == (int)algorithm->bits;
        if (!EVP_PKEY_is_a(pkey, "EC") ||
            EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
                return 0;
        return EC_curve_nist2nid(algorithm->curve) == OBJ_txt2nid(group);
}

static int pkey_fits_any(const EVP_PKEY *pkey)
{
        const struct algorithm *algorithm;

        for (size_t i = 0; (algorithm = algorithm_at(i)); i++)
                if (pkey_fits(pkey, algorithm))
                        return 1;
        return 0;
}

/* RFC 5480 §2.1.1: a named curve alone. A curve spelled out may be a look-alike of a known one. */
static int is_explicit_curve(const EVP_PKEY *pkey)
{
        int is_explicit = 0;

        return EVP_PKEY_is_a(pkey, "EC") &&
               (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                       &is_explicit) != 1 ||
                is_explicit);
}

/* With exponent 1, anybody could make signatures. */
static int check_rsa(const EVP_PKEY *pkey)
{
        _cleanup_(bn_freep) BIGNUM *modulus = NULL, *exponent = NULL;

        if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) != 1 ||
            EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1)
                return forget_openssl_errors(-ENOMEM);
        return spki_is_rsa(modulus, exponent) ? 0 : -EBADMSG;
}

/* With the point at infinity, anybody could make signatures. The quick check leaves out the order
 * of the point, which on curves of prime order says nothing. The point is written uncompressed from
 * here on. */
static int check_ec(EVP_PKEY *pkey)
{
        _cleanup_(evp_pkey_ctx_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);

        if (!context)
                return forget_openssl_errors(-ENOMEM);
        if (EVP_PKEY_public_check_quick(context) != 1)
                return forget_openssl_errors(-EBADMSG);
        if (EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                           OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) != 1)
                return forget_openssl_errors(-ENOMEM);
        return 0;
}

/* With a point of small order, one signature is good for many messages. Whether the bytes are a
 * point at all shows when a signature is verified: with one that is none, all are bad. */
static int check_ed25519(struct view der)
{
        struct view point = spki_ed25519(der);

        return point.size > 0 && !ed25519_is_weak(point.data) ? 0 : -EBADMSG;
}

static int check_key(EVP_PKEY *pkey, struct view der)
{
        if (EVP_PKEY_is_a(pkey, "EC"))
                return check_ec(pkey);
        return EVP_PKEY_is_a(pkey, "RSA") ? check_rsa(pkey) : check_ed25519(der);
}

int pubkey_from_spki(struct view der, struct pubkey **ret)
{
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        const unsigned char *next = der.data;
        int r;

        if (der.size == 0 || der.size > SPKI_SIZE_MAX)
                return -EBADMSG;
        key = calloc(1, sizeof(*key));
        if (!key)
                return -ENOMEM;
        key->pkey = d2i_PUBKEY(NULL, &next, (long)der.size);
        if (!key->pkey)
                return forget_openssl_errors(-EBADMSG);
        if (is_explicit_curve(key->pkey) || !pkey_fits_any(key->pkey))
                return forget_openssl_errors(-EOPNOTSUPP);
        r = check_key(key->pkey, der);
        if (r == 0)
                r = spki_put(&key->spki, key->pkey);
        if (r < 0)
                return r;
        if (!view_equal(buf_view(&key->spki), der))
                return -EBADMSG;
        key->fingerprint = sha256_of(der);
        *ret = TAKE_PTR(key);
        return 0;
}

/* PEM_read_bio() and not PEM_read_bio_PUBKEY(), which asks the terminal for a password if the block
 * says it is encrypted, and reads more than DER. */
int pubkey_from_pem(struct view text, struct pubkey **ret)
{
        _cleanup_(bio_freep) BIO *bio = NULL;
        _cleanup_(openssl_charp) char *name = NULL, *header = NULL;
        _cleanup_(openssl_freep) unsigned char *der = NULL;
        long size = 0;

        if (text.size == 0 || text.size > PEM_SIZE_MAX)
                return -EBADMSG;
        bio = BIO_new_mem_buf(text.data, (int)text.size);
        if (!bio)
                return forget_openssl_errors(-ENOMEM);
        if (PEM_read_bio(bio, &name, &header, &der, &size) != 1)
                return forget_openssl_errors(-EBADMSG);
        if (!string_equal(name, PEM_STRING_PUBLIC) || header[0] != '\0')
                return -EBADMSG;
        return pubkey_from_spki(view_of(der, (size_t)size), ret);
}

struct pubkey *pubkey_free(struct pubkey *key)
{
        if (!key)
                return NULL;
        ecdsa_table_free(key->table);
        EVP_PKEY_CTX_free(key->verifier);
        EVP_PKEY_free(key->pkey);
        buf_done(&key->spki);
        free(key);
        return NULL;
}

struct view pubkey_spki(const struct pubkey *key)
{
        return buf_view(&key->spki);
}

const struct sha256 *pubkey_fingerprint(const struct pubkey *key)
{
        return &key->fingerprint;
}

void pubkey_put_pem(const struct pubkey *key, struct buf *buf)
{
        _cleanup_(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
        char *text = NULL;
        long size;

        if (!bio || PEM_write_bio_PUBKEY(bio, key->pkey) != 1) {
                ERR_clear_error();
                buf->error = buf->error ? buf->error : -ENOMEM;
                return;
        }
        size = BIO_get_mem_data(bio, &text);
        buf_put(buf, text, (size_t)size);
}

int pubkey_fits(const struct pubkey *key, const struct algorithm *algorithm)
{
        return pkey_fits(key->pkey, algorithm);
}

static int set_rsa_padding(EVP_PKEY_CTX *context, const struct algorithm *algorithm)
{
        if (algorithm->kind == ALGORITHM_ECDSA)
                return 1;
        if (algorithm->kind == ALGORITHM_RSA_PKCS1)
                return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING);
        /* TPMs differ in the salt length they choose; the signature says which it was. */
        return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
}

static int pubkey_prepare(struct pubkey *key, const struct algorithm *algorithm)
{
        _cleanup_(evp_pkey_ctx_freep) EVP_PKEY_CTX *context = NULL;

        if (key->verifier_algorithm == algorithm)
                return 0;
        if (!pubkey_fits(key, algorithm))
                return -EOPNOTSUPP;
        context = EVP_PKEY_CTX_new(key->pkey, NULL);
        if (!context || EVP_PKEY_verify_init(context) != 1 ||
            set_rsa_padding(context, algorithm) != 1 ||
            EVP_PKEY_CTX_set_signature_md(context, EVP_get_digestbyname(algorithm->hash)) != 1)
                return forget_openssl_errors(-ENOMEM);
        EVP_PKEY_CTX_free(key->verifier);
        key->verifier = TAKE_PTR(context);
        key->verifier_algorithm = algorithm;
        return 0;
}

/* Rents until it has paid what it costs to buy. A key that cannot have a table is asked once. */
static int has_table(struct pubkey *key)
{
        if (key->verifications < ECDSA_TABLE_WORTH && ++key->verifications == ECDSA_TABLE_WORTH &&
            ecdsa_table_new(key->pkey, &key->table) < 0)
                key->table = NULL;
        return key->table != NULL;
}

int pubkey_verify(struct pubkey *key, const struct algorithm *algorithm, struct view digest,
                  struct view signature)
{
        int r = algorithm_signs_messages(algorithm) ? -EOPNOTSUPP : pubkey_prepare(key, algorithm);

        if (r < 0)
                return r;
        if (digest.size != algorithm->digest_size)
                return -EBADMSG;
        if (signature.size == 0 || signature.size > algorithm->signature_max)
                return -EKEYREJECTED;
        /* libcrypto takes a PSS signature without its leading zeros, too. */
        if (algorithm->kind != ALGORITHM_ECDSA && signature.size != algorithm->signature_max)
                return -EKEYREJECTED;
        if (has_table(key))
                return ecdsa_table_verify(key->table, digest, signature);
        r = EVP_PKEY_verify(key->verifier, signature.data, signature.size, digest.data,
                            digest.size);
        return r == 1 ? 0 : forget_openssl_errors(-EKEYREJECTED);
}

struct view pubkey_ed25519(const struct pubkey *key)
{
        return spki_ed25519(pubkey_spki(key));
}

int pubkey_verify_message(struct pubkey *key, const struct algorithm *algorithm,
                          struct view message, struct view signature)
{
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t size;
        int r;

        if (!pubkey_fits(key, algorithm))
                return -EOPNOTSUPP;
        if (algorithm->kind == ALGORITHM_ED25519)
                return ed25519_verify(pubkey_ed25519(key).data, message, signature);
        r = digest_of_parts(algorithm->hash, &message, 1, digest, &size);
        return r < 0 ? r : pubkey_verify(key, algorithm, view_of(digest, size), signature);
}
