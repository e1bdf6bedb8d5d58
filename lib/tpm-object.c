/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tpm-object.h"
#include "lib/spki.h"

#include <errno.h>

/* TPM 2.0 Part 2 §6.3, §6.4. */
#define ALG_RSA    0x0001
#define ALG_AES    0x0006
#define ALG_SHA256 0x000b
#define ALG_SHA384 0x000c
#define ALG_NULL   0x0010
#define ALG_RSASSA 0x0014
#define ALG_RSAES  0x0015
#define ALG_RSAPSS 0x0016
#define ALG_ECDSA  0x0018
#define ALG_ECDAA  0x001a
#define ALG_ECC    0x0023
#define ECC_P256   0x0003
#define ECC_P384   0x0004

static const struct {
        uint16_t type, scheme, hash, size; /* bits of a modulus, or a curve */
        const char *algorithm;
} signers[] = {
        {ALG_ECC, ALG_ECDSA, ALG_SHA256, ECC_P256, "ecdsa-p256"},
        {ALG_ECC, ALG_ECDSA, ALG_SHA384, ECC_P384, "ecdsa-p384"},
        {ALG_RSA, ALG_RSASSA, ALG_SHA256, 2048, "rsa-2048"},
        {ALG_RSA, ALG_RSASSA, ALG_SHA256, 3072, "rsa-3072"},
        {ALG_RSA, ALG_RSAPSS, ALG_SHA256, 2048, "rsa-2048-pss"},
        {ALG_RSA, ALG_RSAPSS, ALG_SHA256, 3072, "rsa-3072-pss"},
};

/* TPM2B: uint16 size, then that many bytes. */
static struct view read_sized(struct reader *reader)
{
        return reader_bytes(reader, reader_u16(reader));
}

static void put_sized(struct buf *buf, struct view view)
{
        buf_put_u16(buf, (uint16_t)view.size);
        buf_put_view(buf, view);
}

/* Schemes of other shapes (ECDAA has a counter) are not read. */
static int scheme_has_hash(uint16_t scheme)
{
        return scheme != ALG_NULL && scheme != ALG_RSAES;
}

static int read_parameters(struct reader *reader, struct tpm_object *object)
{
        object->symmetric = reader_u16(reader);
        if (object->symmetric != ALG_NULL && object->symmetric != ALG_AES)
                return -EOPNOTSUPP;
        if (object->symmetric == ALG_AES) {
                object->symmetric_bits = reader_u16(reader);
                object->symmetric_mode = reader_u16(reader);
        }
        object->scheme = reader_u16(reader);
        if (object->scheme == ALG_ECDAA)
                return -EOPNOTSUPP;
        if (scheme_has_hash(object->scheme))
                object->scheme_hash = reader_u16(reader);
        if (object->type == ALG_RSA) {
                object->bits = reader_u16(reader);
                object->exponent = reader_u32(reader);
                return 0;
        }
        object->curve = reader_u16(reader);
        object->kdf = reader_u16(reader);
        if (object->kdf != ALG_NULL)
                object->kdf_hash = reader_u16(reader);
        return 0;
}

int tpm_object_parse(struct view bytes, struct tpm_object *ret, struct problem *problem)
{
        struct reader reader = reader_init(bytes);
        struct tpm_object object = {.type = reader_u16(&reader)};
        int r = -EOPNOTSUPP;

        object.name_hash = reader_u16(&reader);
        object.attributes = reader_u32(&reader);
        object.policy = read_sized(&reader);
        if (!reader.bad && (object.type == ALG_RSA || object.type == ALG_ECC))
                r = read_parameters(&reader, &object);
        object.x = read_sized(&reader);
        if (object.type == ALG_ECC)
                object.y = read_sized(&reader);
        if (reader.bad || (r == 0 && reader_end(&reader) < 0))
                return problem_set(problem, -EBADMSG, "public area: malformed");
        if (r < 0)
                return problem_set(problem, r, "public area: no key of a kind that is known here");
        *ret = object;
        return 0;
}

void tpm_object_put(struct buf *buf, const struct tpm_object *object)
{
        buf_put_u16(buf, object->type);
        buf_put_u16(buf, object->name_hash);
        buf_put_u32(buf, object->attributes);
        put_sized(buf, object->policy);
        buf_put_u16(buf, object->symmetric);
        if (object->symmetric != ALG_NULL) {
                buf_put_u16(buf, object->symmetric_bits);
                buf_put_u16(buf, object->symmetric_mode);
        }
        buf_put_u16(buf, object->scheme);
        if (scheme_has_hash(object->scheme))
                buf_put_u16(buf, object->scheme_hash);
        if (object->type == ALG_RSA) {
                buf_put_u16(buf, object->bits);
                buf_put_u32(buf, object->exponent);
        } else {
                buf_put_u16(buf, object->curve);
                buf_put_u16(buf, object->kdf);
                if (object->kdf != ALG_NULL)
                        buf_put_u16(buf, object->kdf_hash);
        }
        put_sized(buf, object->x);
        if (object->type == ALG_ECC)
                put_sized(buf, object->y);
}

int tpm_object_algorithm(const struct tpm_object *object, const struct algorithm **ret)
{
        uint16_t size = object->type == ALG_ECC ? object->curve : object->bits;

        if (!(object->attributes & TPM_OBJECT_SIGN))
                return -EOPNOTSUPP;
        for (size_t i = 0; i < ARRAY_SIZE(signers); i++)
                if (signers[i].type == object->type && signers[i].scheme == object->scheme &&
                    signers[i].hash == object->scheme_hash && signers[i].size == size) {
                        *ret = algorithm_find(signers[i].algorithm);
                        return 0;
                }
        return -EOPNOTSUPP;
}

static int put_spki(struct buf *buf, const struct tpm_object *object,
                    const struct algorithm *algorithm)
{
        uint32_t exponent = object->exponent ? object->exponent : 65537;
        uint8_t bytes[] = {(uint8_t)(exponent >> 24), (uint8_t)(exponent >> 16),
                           (uint8_t)(exponent >> 8), (uint8_t)exponent};

        if (algorithm->curve)
                return spki_put_ec(buf, algorithm, object->x, object->y);
        return spki_put_rsa(buf, object->x, view_of(bytes, sizeof(bytes)));
}

int tpm_object_pubkey(const struct tpm_object *object, struct pubkey **ret)
{
        _cleanup_(buf_done) struct buf spki = BUF_INIT(SPKI_SIZE_MAX);
        const struct algorithm *algorithm;
        int r = tpm_object_algorithm(object, &algorithm);

        if (r == 0)
                r = put_spki(&spki, object, algorithm);
        return r < 0 ? r : pubkey_from_spki(buf_view(&spki), ret);
}

static int put_padded(struct buf *buf, struct view bytes, size_t size)
{
        if (bytes.size > size)
                return -EBADMSG;
        for (size_t i = bytes.size; i < size; i++)
                buf_put_u8(buf, 0);
        buf_put_view(buf, bytes);
        return buf_error(buf);
}

static uint16_t scheme_of(const struct algorithm *algorithm, uint16_t *ret_hash)
{
        for (size_t i = 0; i < ARRAY_SIZE(signers); i++)
                if (string_equal(signers[i].algorithm, algorithm->name)) {
                        *ret_hash = signers[i].hash;
                        return signers[i].scheme;
                }
        *ret_hash = ALG_NULL;
        return ALG_NULL;
}

int tpm_signature_put(struct buf *buf, const struct algorithm *algorithm, struct view signature)
{
        struct reader reader = reader_init(signature);
        uint16_t expected_hash, expected = scheme_of(algorithm, &expected_hash);
        uint16_t scheme = reader_u16(&reader), hash = reader_u16(&reader);
        struct view first = read_sized(&reader), second = {};

        if (algorithm->curve)
                second = read_sized(&reader);
        if (reader_end(&reader) < 0 || scheme != expected || hash != expected_hash ||
            expected == ALG_NULL)
                return -EBADMSG;
        return algorithm->curve ? ecdsa_put_der(buf, first, second)
                                : put_padded(buf, first, algorithm->bits / 8);
}
