/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/openpgp.h"

#include <errno.h>
#include <openssl/evp.h>

#include "lib/key-numbers.h"

#define VERSION               4
#define SUBPACKET_TIME        2
#define SUBPACKET_FLAGS       27
#define SUBPACKET_FINGERPRINT 33
#define SUBPACKET_ISSUER      16
#define FLAGS_CERTIFY_SIGN    0x03
#define KEY_ID_SIZE           8

static const struct kind {
        const char *algorithm; /* of lib/algorithm.h */
        uint8_t key, hash;
        struct view curve; /* the OID, without tag */
} kinds[] = {
        {"ecdsa-p256", 19, 8, {(const uint8_t *)"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8}},
        {"ecdsa-p384", 19, 9, {(const uint8_t *)"\x2b\x81\x04\x00\x22", 5}},
        {"rsa-2048", 1, 8, {}},
        {"rsa-3072", 1, 8, {}},
};

static const struct kind *find(const struct algorithm *algorithm)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (string_equal(kinds[i].algorithm, algorithm->name))
                        return &kinds[i];
        return NULL;
}

int openpgp_has(const struct algorithm *algorithm)
{
        return find(algorithm) != NULL;
}

int openpgp_is_by(struct view hashed, const struct algorithm *algorithm)
{
        const struct kind *kind = find(algorithm);

        return kind && hashed.size > 4 && hashed.data[2] == kind->key &&
               hashed.data[3] == kind->hash;
}

void openpgp_put_packet(struct buf *buf, uint8_t tag, struct view body)
{
        buf_put_u8(buf, 0xc0 | tag);
        if (body.size < 192) {
                buf_put_u8(buf, (uint8_t)body.size);
        } else {
                buf_put_u8(buf, 0xff);
                buf_put_u32(buf, (uint32_t)body.size);
        }
        buf_put_view(buf, body);
}

/* @number has no leading zeros. */
static void put_number(struct buf *buf, struct view number)
{
        unsigned bits = (unsigned)number.size * 8;

        for (unsigned mask = 0x80; number.size > 0 && mask > number.data[0]; mask >>= 1)
                bits--;
        buf_put_u16(buf, (uint16_t)bits);
        buf_put_view(buf, number);
}

int openpgp_put_key(struct buf *buf, const struct format_signer *signer)
{
        const struct kind *kind = find(signer->algorithm);
        struct key_numbers numbers;

        if (!kind || key_numbers_read(signer->pubkey, &numbers) < 0)
                return -EOPNOTSUPP;
        buf_put_u8(buf, VERSION);
        buf_put_u32(buf, (uint32_t)signer->created);
        buf_put_u8(buf, kind->key);
        if (kind->curve.size > 0) {
                buf_put_u8(buf, (uint8_t)kind->curve.size);
                buf_put_view(buf, kind->curve);
                put_number(buf, numbers.point);
        } else {
                put_number(buf, numbers.modulus);
                put_number(buf, numbers.exponent);
        }
        return buf_error(buf);
}

int openpgp_fingerprint(const struct format_signer *signer, uint8_t ret[OPENPGP_FINGERPRINT_SIZE])
{
        _cleanup_(buf_done) struct buf key = {}, hashed = {};
        int r = openpgp_put_key(&key, signer);

        buf_put_u8(&hashed, 0x99);
        buf_put_u16(&hashed, (uint16_t)key.size);
        buf_put_view(&hashed, buf_view(&key));
        if (r == 0)
                r = buf_error(&hashed);
        if (r < 0)
                return r;
        return EVP_Digest(hashed.data, hashed.size, ret, NULL, EVP_sha1(), NULL) == 1 ? 0
                                                                                      : -EOPNOTSUPP;
}

int openpgp_put_hashed(struct buf *buf, uint8_t type, const struct format_signer *signer)
{
        const struct kind *kind = find(signer->algorithm);
        uint8_t fingerprint[OPENPGP_FINGERPRINT_SIZE];
        int r = kind ? openpgp_fingerprint(signer, fingerprint) : -EOPNOTSUPP;
        int certifies = type == OPENPGP_TYPE_CERTIFY;

        if (r < 0)
                return r;
        buf_put(buf, (const uint8_t[]){VERSION, type, kind->key, kind->hash}, 4);
        buf_put_u16(buf, certifies ? 32 : 29);
        buf_put(buf, (const uint8_t[]){22, SUBPACKET_FINGERPRINT, VERSION}, 3);
        buf_put(buf, fingerprint, sizeof(fingerprint));
        buf_put(buf, (const uint8_t[]){5, SUBPACKET_TIME}, 2);
        buf_put_u32(buf, (uint32_t)signer->time);
        if (certifies)
                buf_put(buf, (const uint8_t[]){2, SUBPACKET_FLAGS, FLAGS_CERTIFY_SIGN}, 3);
        return buf_error(buf);
}

void openpgp_put_trailer(struct buf *buf, struct view hashed)
{
        buf_put_view(buf, hashed);
        buf_put(buf, (const uint8_t[]){VERSION, 0xff}, 2);
        buf_put_u32(buf, (uint32_t)hashed.size);
}

static int put_value(struct buf *buf, const struct algorithm *algorithm, struct view value)
{
        struct view r, s;
        int error;

        if (algorithm->kind != ALGORITHM_ECDSA) {
                while (value.size > 0 && value.data[0] == 0)
                        value = view_of(value.data + 1, value.size - 1);
                put_number(buf, value);
                return 0;
        }
        error = ecdsa_numbers_read(value, &r, &s);
        if (error < 0)
                return error;
        put_number(buf, r);
        put_number(buf, s);
        return 0;
}

int openpgp_put_signature(struct buf *buf, const struct signature *signature,
                          const struct format_signer *signer)
{
        _cleanup_(buf_done) struct buf body = {};
        uint8_t fingerprint[OPENPGP_FINGERPRINT_SIZE];
        int r = openpgp_fingerprint(signer, fingerprint);

        if (r < 0)
                return r;
        buf_put_view(&body, buf_view(&signature->attributes));
        buf_put_u16(&body, 2 + KEY_ID_SIZE);
        buf_put(&body, (const uint8_t[]){1 + KEY_ID_SIZE, SUBPACKET_ISSUER}, 2);
        buf_put(&body, fingerprint + sizeof(fingerprint) - KEY_ID_SIZE, KEY_ID_SIZE);
        buf_put(&body, signature->digest, 2);
        r = put_value(&body, signer->algorithm, buf_view(&signature->value));
        if (r == 0)
                r = buf_error(&body);
        if (r < 0)
                return r;
        openpgp_put_packet(buf, OPENPGP_TAG_SIGNATURE, buf_view(&body));
        return buf_error(buf);
}
