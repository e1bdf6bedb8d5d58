/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/credential.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define HASH_SIZE_MAX 48
#define FIELD_MAX     48 /* bytes of a coordinate on P-384 */

static const char label[] = "IDENTITY"; /* its NUL belongs to it */

/* What is derived on the way; wiped at the end. */
struct seeds {
        const struct endorsement *row;
        EVP_PKEY *key; /* the endorsement key */
        uint8_t seed[HASH_SIZE_MAX];
        uint8_t cipher_key[32];
        uint8_t mac_key[HASH_SIZE_MAX];
};

static void seeds_done(struct seeds *seeds)
{
        EVP_PKEY_free(seeds->key);
        explicit_bzero(seeds, sizeof(*seeds));
}

static void pkey_freep(EVP_PKEY **key)
{
        EVP_PKEY_free(*key);
}

static void pkey_ctx_freep(EVP_PKEY_CTX **context)
{
        EVP_PKEY_CTX_free(*context);
}

static void cipher_ctx_freep(EVP_CIPHER_CTX **context)
{
        EVP_CIPHER_CTX_free(*context);
}

static int openssl_failed(int r)
{
        ERR_clear_error();
        return r;
}

static int is_of(const EVP_PKEY *key, const struct endorsement *row)
{
        char group[32] = "";

        if (!row->curve)
                return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == (int)row->bits;
        return EVP_PKEY_is_a(key, "EC") &&
               EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
               EC_curve_nist2nid(row->curve) == OBJ_txt2nid(group);
}

static int find_row(const EVP_PKEY *key, const struct endorsement **ret)
{
        const struct endorsement *row;

        for (size_t i = 0; (row = endorsement_at(i)); i++)
                if (is_of(key, row)) {
                        *ret = row;
                        return 0;
                }
        return openssl_failed(-EOPNOTSUPP);
}

static int read_key(struct view spki, EVP_PKEY **ret, const struct endorsement **ret_row)
{
        _cleanup_(pkey_freep) EVP_PKEY *key = NULL;
        const unsigned char *next = spki.data;
        int r;

        if (spki.size == 0 || spki.size > SPKI_SIZE_MAX)
                return -EBADMSG;
        key = d2i_PUBKEY(NULL, &next, (long)spki.size);
        if (!key)
                return openssl_failed(-EBADMSG);
        r = find_row(key, ret_row);
        if (r == 0)
                *ret = TAKE_PTR(key);
        return r;
}

int credential_endorsement(struct view spki, const struct endorsement **ret)
{
        _cleanup_(pkey_freep) EVP_PKEY *key = NULL;

        return read_key(spki, &key, ret);
}

/* KDFa of one block (Part 1 §11.4.10.2): HMAC(key, 1 ‖ label ‖ 0 ‖ context ‖ bits). */
static int derive(const struct seeds *seeds, const char *use, struct view context, size_t size,
                  uint8_t *ret)
{
        _cleanup_(buf_done) struct buf input = {};
        uint8_t block[EVP_MAX_MD_SIZE];
        unsigned written = 0;

        buf_put_u32(&input, 1);
        buf_put(&input, use, strlen(use) + 1);
        buf_put_view(&input, context);
        buf_put_u32(&input, (uint32_t)(8 * size));
        if (buf_error(&input))
                return buf_error(&input);
        if (!HMAC(EVP_get_digestbyname(seeds->row->hash), seeds->seed, (int)seeds->row->hash_size,
                  input.data, input.size, block, &written) ||
            written < size)
                return openssl_failed(-ENOMEM);
        memcpy(ret, block, size);
        explicit_bzero(block, sizeof(block));
        return 0;
}

/* The seed itself, encrypted (Part 1 §B.10.4). */
static int share_rsa(struct seeds *seeds, struct buf *ret)
{
        _cleanup_(pkey_ctx_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(seeds->key, NULL);
        const EVP_MD *hash = EVP_get_digestbyname(seeds->row->hash);
        char *copy = OPENSSL_memdup(label, sizeof(label));
        uint8_t *room = buf_reserve(ret, CREDENTIAL_SIZE_MAX);
        size_t size = CREDENTIAL_SIZE_MAX;

        if (!context || !copy || !room ||
            RAND_bytes(seeds->seed, (int)seeds->row->hash_size) != 1 ||
            EVP_PKEY_encrypt_init(context) != 1 ||
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) != 1 ||
            EVP_PKEY_CTX_set_rsa_oaep_md(context, hash) != 1 ||
            EVP_PKEY_CTX_set_rsa_mgf1_md(context, hash) != 1 ||
            EVP_PKEY_CTX_set0_rsa_oaep_label(context, copy, sizeof(label)) != 1) {
                OPENSSL_free(copy);
                return openssl_failed(-ENOMEM);
        }
        if (EVP_PKEY_encrypt(context, room, &size, seeds->seed, seeds->row->hash_size) != 1)
                return openssl_failed(-EBADMSG);
        buf_grown(ret, size);
        return 0;
}

struct point {
        uint8_t x[FIELD_MAX], y[FIELD_MAX];
};

static int read_point(const EVP_PKEY *key, size_t field, struct point *ret)
{
        uint8_t bytes[1 + 2 * FIELD_MAX];
        size_t size = 0;

        if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, bytes, sizeof(bytes),
                                            &size) != 1 ||
            size != 1 + 2 * field || bytes[0] != POINT_CONVERSION_UNCOMPRESSED)
                return openssl_failed(-EOPNOTSUPP);
        memcpy(ret->x, bytes + 1, field);
        memcpy(ret->y, bytes + 1 + field, field);
        return 0;
}

/* KDFe of one block (Part 1 §11.4.10.3): H(1 ‖ Z ‖ label ‖ ephemeral x ‖ endorsement x). */
static int extract(struct seeds *seeds, const uint8_t *shared, size_t field,
                   const struct point *ephemeral, const struct point *endorsement)
{
        _cleanup_(buf_wipe) struct buf input = {};

        buf_put_u32(&input, 1);
        buf_put(&input, shared, field);
        buf_put(&input, label, sizeof(label));
        buf_put(&input, ephemeral->x, field);
        buf_put(&input, endorsement->x, field);
        if (buf_error(&input))
                return buf_error(&input);
        if (EVP_Digest(input.data, input.size, seeds->seed, NULL,
                       EVP_get_digestbyname(seeds->row->hash), NULL) != 1)
                return openssl_failed(-ENOMEM);
        return 0;
}

static int agree(EVP_PKEY *own, EVP_PKEY *theirs, size_t field, uint8_t *ret)
{
        _cleanup_(pkey_ctx_freep) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
        size_t size = field;

        if (!context || EVP_PKEY_derive_init(context) != 1 ||
            EVP_PKEY_derive_set_peer(context, theirs) != 1 ||
            EVP_PKEY_derive(context, ret, &size) != 1 || size != field)
                return openssl_failed(-EBADMSG);
        return 0;
}

static void put_sized(struct buf *buf, const uint8_t *bytes, size_t size)
{
        buf_put_u16(buf, (uint16_t)size);
        buf_put(buf, bytes, size);
}

/* A key agreement with a key that lives as long (Part 1 §C.6.4). */
static int share_ecc(struct seeds *seeds, struct buf *ret)
{
        _cleanup_(pkey_freep) EVP_PKEY *own = EVP_EC_gen(seeds->row->curve);
        size_t field = seeds->row->bits / 8;
        struct point ephemeral, endorsement;
        uint8_t shared[FIELD_MAX];
        int r;

        if (!own)
                return openssl_failed(-ENOMEM);
        r = read_point(own, field, &ephemeral);
        if (r == 0)
                r = read_point(seeds->key, field, &endorsement);
        if (r == 0)
                r = agree(own, seeds->key, field, shared);
        if (r == 0)
                r = extract(seeds, shared, field, &ephemeral, &endorsement);
        explicit_bzero(shared, sizeof(shared));
        if (r < 0)
                return r;
        put_sized(ret, ephemeral.x, field);
        put_sized(ret, ephemeral.y, field);
        return buf_error(ret);
}

/* AES in CFB mode from zeros, of TPM2B_DIGEST. */
static int encrypt(const struct seeds *seeds, struct view secret, struct buf *ret)
{
        static const uint8_t zeros[16];
        _cleanup_(cipher_ctx_freep) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
        const EVP_CIPHER *cipher =
                seeds->row->cipher_bits == 256 ? EVP_aes_256_cfb128() : EVP_aes_128_cfb128();
        _cleanup_(buf_wipe) struct buf plain = {};
        uint8_t *room;
        int size = 0;

        put_sized(&plain, secret.data, secret.size);
        room = buf_reserve(ret, plain.size);
        if (!context || !room || buf_error(&plain) ||
            EVP_EncryptInit_ex(context, cipher, NULL, seeds->cipher_key, zeros) != 1 ||
            EVP_EncryptUpdate(context, room, &size, plain.data, (int)plain.size) != 1)
                return openssl_failed(-ENOMEM);
        buf_grown(ret, (size_t)size);
        return 0;
}

/* TPM2B of the HMAC over what is encrypted and the Name, then what is encrypted. */
static int seal(const struct seeds *seeds, struct view name, struct view secret, struct buf *ret)
{
        _cleanup_(buf_done) struct buf inner = {};
        uint8_t mac[EVP_MAX_MD_SIZE];
        size_t size;
        int r = encrypt(seeds, secret, &inner);

        if (r < 0)
                return r;
        size = inner.size;
        buf_put_view(&inner, name);
        if (buf_error(&inner) ||
            !HMAC(EVP_get_digestbyname(seeds->row->hash), seeds->mac_key,
                  (int)seeds->row->hash_size, inner.data, inner.size, mac, NULL))
                return openssl_failed(-ENOMEM);
        put_sized(ret, mac, seeds->row->hash_size);
        buf_put(ret, inner.data, size);
        return buf_error(ret);
}

int credential_make(struct view spki, struct view name, struct view secret, struct credential *ret)
{
        _cleanup_(seeds_done) struct seeds seeds = {};
        _cleanup_(credential_done) struct credential credential = {
                .blob = BUF_INIT(CREDENTIAL_SIZE_MAX), .encrypted = BUF_INIT(CREDENTIAL_SIZE_MAX)};
        int r = read_key(spki, &seeds.key, &seeds.row);

        if (r < 0)
                return r;
        if (secret.size > seeds.row->hash_size)
                return -EMSGSIZE;
        r = seeds.row->curve ? share_ecc(&seeds, &credential.encrypted)
                             : share_rsa(&seeds, &credential.encrypted);
        if (r == 0)
                r = derive(&seeds, "STORAGE", name, seeds.row->cipher_bits / 8, seeds.cipher_key);
        if (r == 0)
                r = derive(&seeds, "INTEGRITY", view_of(NULL, 0), seeds.row->hash_size,
                           seeds.mac_key);
        if (r == 0)
                r = seal(&seeds, name, secret, &credential.blob);
        if (r < 0)
                return r;
        *ret = credential;
        credential = (struct credential){};
        return 0;
}

void credential_done(struct credential *credential)
{
        buf_done(&credential->blob);
        buf_done(&credential->encrypted);
}
