/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/spki.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "lib/ed25519.h"

#define ECDSA_INTEGER_MAX 66 /* bytes of r or s on the largest NIST curve, P-521 */

static void evp_pkey_freep(EVP_PKEY **pkey)
{
        EVP_PKEY_free(*pkey);
}

static void evp_pkey_ctx_freep(EVP_PKEY_CTX **context)
{
        EVP_PKEY_CTX_free(*context);
}

static void param_bld_freep(OSSL_PARAM_BLD **builder)
{
        OSSL_PARAM_BLD_free(*builder);
}

static void params_freep(OSSL_PARAM **params)
{
        OSSL_PARAM_free(*params);
}

static void bn_freep(BIGNUM **number)
{
        BN_free(*number);
}

static void openssl_freep(unsigned char **bytes)
{
        OPENSSL_free(*bytes);
}

/* libcrypto's error queue is per thread and grows with every failure; nobody here reads it. */
static int forget_openssl_errors(int r)
{
        ERR_clear_error();
        return r;
}

int spki_put(struct buf *buf, const EVP_PKEY *pkey)
{
        _cleanup_(openssl_freep) unsigned char *der = NULL;
        int size = i2d_PUBKEY(pkey, &der);

        if (size <= 0)
                return forget_openssl_errors(-ENOMEM);
        buf_put(buf, der, (size_t)size);
        return buf_error(buf);
}

int spki_is_rsa(const BIGNUM *modulus, const BIGNUM *exponent)
{
        return BN_is_odd(modulus) && BN_is_odd(exponent) && !BN_is_one(exponent);
}

static int put_spki_from(struct buf *buf, const char *type, OSSL_PARAM_BLD *builder)
{
        _cleanup_(params_freep) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
        _cleanup_(evp_pkey_ctx_freep) EVP_PKEY_CTX *context =
                EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
        _cleanup_(evp_pkey_freep) EVP_PKEY *pkey = NULL;

        if (!params || !context || EVP_PKEY_fromdata_init(context) != 1)
                return forget_openssl_errors(-ENOMEM);
        if (EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
                return forget_openssl_errors(-EBADMSG);
        return spki_put(buf, pkey);
}

static struct view without_leading_zeros(struct view number)
{
        while (number.size > 0 && number.data[0] == 0) {
                number.data++;
                number.size--;
        }
        return number;
}

/* Appends @number padded with zeros to exactly @size bytes. */
static int put_padded(struct buf *buf, struct view number, size_t size)
{
        number = without_leading_zeros(number);
        if (number.size > size)
                return -EBADMSG;
        for (size_t i = number.size; i < size; i++)
                buf_put_u8(buf, 0);
        buf_put_view(buf, number);
        return buf_error(buf);
}

int spki_put_ec(struct buf *buf, const struct algorithm *algorithm, struct view x, struct view y)
{
        _cleanup_(param_bld_freep) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        _cleanup_(buf_done) struct buf point = {};
        size_t size = (algorithm->bits + 7) / 8;
        int r;

        assert(algorithm->kind == ALGORITHM_ECDSA);
        buf_put_u8(&point, POINT_CONVERSION_UNCOMPRESSED);
        r = put_padded(&point, x, size);
        if (r == 0)
                r = put_padded(&point, y, size);
        if (r < 0)
                return r;
        if (!builder ||
            OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, algorithm->curve,
                                            0) != 1 ||
            OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
                                             point.size) != 1)
                return forget_openssl_errors(-ENOMEM);
        return put_spki_from(buf, "EC", builder);
}

int spki_put_rsa(struct buf *buf, struct view modulus, struct view exponent)
{
        _cleanup_(param_bld_freep) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
        _cleanup_(bn_freep) BIGNUM *n = NULL, *e = NULL;

        if (modulus.size == 0 || modulus.size > SPKI_SIZE_MAX || exponent.size == 0 ||
            exponent.size > 8)
                return -EBADMSG;
        n = BN_bin2bn(modulus.data, (int)modulus.size, NULL);
        e = BN_bin2bn(exponent.data, (int)exponent.size, NULL);
        if (!n || !e)
                return forget_openssl_errors(-ENOMEM);
        if (!spki_is_rsa(n, e))
                return -EBADMSG;
        if (!builder || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
            OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) != 1)
                return forget_openssl_errors(-ENOMEM);
        return put_spki_from(buf, "RSA", builder);
}

/* RFC 8410 §4: the key follows this. */
static const uint8_t ed25519_head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

int spki_put_ed25519(struct buf *buf, struct view point)
{
        if (point.size != ED25519_KEY_SIZE)
                return -EBADMSG;
        buf_put(buf, ed25519_head, sizeof(ed25519_head));
        buf_put_view(buf, point);
        return buf_error(buf);
}

struct view spki_ed25519(struct view spki)
{
        if (spki.size != sizeof(ed25519_head) + ED25519_KEY_SIZE ||
            memcmp(spki.data, ed25519_head, sizeof(ed25519_head)) != 0)
                return view_of(NULL, 0);
        return view_of(spki.data + sizeof(ed25519_head), ED25519_KEY_SIZE);
}

/* DER INTEGER of an unsigned number without leading zeros: a zero byte goes in front of a set top
 * bit. */
static void put_der_integer(struct buf *buf, struct view number)
{
        int pad = (number.data[0] & 0x80) != 0;

        buf_put_u8(buf, 0x02);
        buf_put_u8(buf, (uint8_t)(number.size + (pad ? 1u : 0u)));
        if (pad)
                buf_put_u8(buf, 0);
        buf_put_view(buf, number);
}

int ecdsa_put_der(struct buf *buf, struct view r, struct view s)
{
        _cleanup_(buf_done) struct buf integers = {};

        r = without_leading_zeros(r);
        s = without_leading_zeros(s);
        if (r.size == 0 || s.size == 0 || r.size > ECDSA_INTEGER_MAX || s.size > ECDSA_INTEGER_MAX)
                return -EBADMSG;
        put_der_integer(&integers, r);
        put_der_integer(&integers, s);
        buf_put_u8(buf, 0x30);
        if (integers.size > 0x7f)
                buf_put_u8(buf, 0x81); /* long form, one length byte: P-521 alone needs it */
        buf_put_u8(buf, (uint8_t)integers.size);
        buf_put_view(buf, buf_view(&integers));
        return buf_error(&integers) ? buf_error(&integers) : buf_error(buf);
}
