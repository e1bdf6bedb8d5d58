/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "lib/spki.h"

#define INTEGER_SIZE 32

static const char order[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const uint8_t digest_bytes[SHA256_SIZE] = "the digest of some artifact...";

static struct view digest(void)
{
        return view_of(digest_bytes, sizeof(digest_bytes));
}

/* A signature whose integers fill 32 bytes without a zero in front: 30 44 02 20 r 02 20 s. */
static void sign_plainly(EVP_PKEY *pair, struct buf *signature)
{
        do {
                buf_clear(signature);
                key_sign(pair, algorithm_find("ecdsa-p256"), digest(), signature);
        } while (signature->size != 70 || signature->data[3] != INTEGER_SIZE);
}

/* Hexadecimal, where R and S stand for the integers of a good signature, N for the order of the
 * curve and M for the order less s. */
static const struct {
        const char *label, *shape;
        int r;
} shapes[] = {
        {"as it was signed", "30 44 02 20 R 02 20 S", 0},
        {"zero in front of r", "30 45 02 21 00 R 02 20 S", -EKEYREJECTED},
        {"zero in front of s", "30 45 02 20 R 02 21 00 S", -EKEYREJECTED},
        {"long form of the length", "30 81 44 02 20 R 02 20 S", -EKEYREJECTED},
        {"longer form of the length", "30 82 00 44 02 20 R 02 20 S", -EKEYREJECTED},
        {"long form of r's length", "30 45 02 81 20 R 02 20 S", -EKEYREJECTED},
        {"long form of s's length", "30 45 02 20 R 02 81 20 S", -EKEYREJECTED},
        {"indefinite length", "30 80 02 20 R 02 20 S 00 00", -EKEYREJECTED},
        {"length of 4 GiB", "30 84 ff ff ff ff 02 20 R 02 20 S", -EKEYREJECTED},
        {"byte after", "30 44 02 20 R 02 20 S 00", -EKEYREJECTED},
        {"byte inside", "30 45 02 20 R 02 20 S 00", -EKEYREJECTED},
        {"byte in front", "00 30 44 02 20 R 02 20 S", -EKEYREJECTED},
        {"NULL inside", "30 46 02 20 R 02 20 S 05 00", -EKEYREJECTED},
        {"third integer", "30 47 02 20 R 02 20 S 02 01 01", -EKEYREJECTED},
        {"r alone", "30 22 02 20 R", -EKEYREJECTED},
        {"no integer", "30 00", -EKEYREJECTED},
        {"tag alone", "30", -EKEYREJECTED},
        {"nothing", "", -EKEYREJECTED},
        {"set", "31 44 02 20 R 02 20 S", -EKEYREJECTED},
        {"octet strings", "30 44 04 20 R 04 20 S", -EKEYREJECTED},
        {"sequence in a sequence", "30 46 30 44 02 20 R 02 20 S", -EKEYREJECTED},
        {"length one too small", "30 43 02 20 R 02 20 S", -EKEYREJECTED},
        {"length one too large", "30 45 02 20 R 02 20 S", -EKEYREJECTED},
        {"r empty", "30 24 02 00 02 20 S", -EKEYREJECTED},
        {"r zero", "30 25 02 01 00 02 20 S", -EKEYREJECTED},
        {"s zero", "30 25 02 20 R 02 01 00", -EKEYREJECTED},
        {"both zero", "30 06 02 01 00 02 01 00", -EKEYREJECTED},
        {"both one", "30 06 02 01 01 02 01 01", -EKEYREJECTED},
        {"r minus one", "30 25 02 01 ff 02 20 S", -EKEYREJECTED},
        {"s minus one", "30 25 02 20 R 02 01 ff", -EKEYREJECTED},
        {"r the order", "30 45 02 21 00 N 02 20 S", -EKEYREJECTED},
        {"s the order", "30 45 02 20 R 02 21 00 N", -EKEYREJECTED},
        {"r the order, negative", "30 44 02 20 N 02 20 S", -EKEYREJECTED},
        {"raw r and s", "R S", -EKEYREJECTED},
        {"swapped", "30 44 02 20 S 02 20 R", -EKEYREJECTED},
        {"r twice", "30 44 02 20 R 02 20 R", -EKEYREJECTED},
        {"the other s", "30 45 02 20 R 02 21 00 M", 0},
        {"the other s, negative", "30 44 02 20 R 02 20 M", -EKEYREJECTED},
};

struct integers {
        uint8_t r[INTEGER_SIZE], s[INTEGER_SIZE], order[INTEGER_SIZE], order_less_s[INTEGER_SIZE];
};

static struct integers integers_of(const struct buf *signature)
{
        struct integers integers;
        BIGNUM *n, *s;
        int ok;

        memcpy(integers.r, signature->data + 4, INTEGER_SIZE);
        memcpy(integers.s, signature->data + 4 + INTEGER_SIZE + 2, INTEGER_SIZE);
        ok = hex_decode(view_string(order), integers.order, INTEGER_SIZE);
        assert(ok == 0);
        n = BN_bin2bn(integers.order, INTEGER_SIZE, NULL);
        s = BN_bin2bn(integers.s, INTEGER_SIZE, NULL);
        ok = n && s && BN_sub(n, n, s) == 1 &&
             BN_bn2binpad(n, integers.order_less_s, INTEGER_SIZE) == INTEGER_SIZE;
        assert(ok);
        BN_free(n);
        BN_free(s);
        return integers;
}

static void put_token(struct buf *buf, struct view token, const struct integers *integers)
{
        uint8_t byte;
        int r;

        if (view_is(token, "R"))
                buf_put(buf, integers->r, INTEGER_SIZE);
        else if (view_is(token, "S"))
                buf_put(buf, integers->s, INTEGER_SIZE);
        else if (view_is(token, "N"))
                buf_put(buf, integers->order, INTEGER_SIZE);
        else if (view_is(token, "M"))
                buf_put(buf, integers->order_less_s, INTEGER_SIZE);
        else {
                r = hex_decode(token, &byte, 1);
                assert(r == 0);
                buf_put_u8(buf, byte);
        }
}

static void put_shape(struct buf *buf, const char *shape, const struct integers *integers)
{
        while (*shape) {
                size_t size = strcspn(shape, " ");

                put_token(buf, view_of(shape, size), integers);
                shape += size + (shape[size] == ' ');
        }
}

/* The shapes with M count on it. */
static int is_high(const uint8_t integer[INTEGER_SIZE])
{
        return integer[0] >= 0x80;
}

static void test_shapes(void)
{
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm);
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf good = {};
        struct integers integers;

        do {
                sign_plainly(pair, &good);
                integers = integers_of(&good);
        } while (!is_high(integers.order_less_s));
        for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
                _cleanup_(buf_done) struct buf signature = {};

                test_label = shapes[i].label;
                put_shape(&signature, shapes[i].shape, &integers);
                expect_integer(pubkey_verify(key, algorithm, digest(), buf_view(&signature)),
                               shapes[i].r);
        }
        test_label = "";
}

static void put_der_by_openssl(struct buf *buf, struct view r, struct view s)
{
        ECDSA_SIG *signature = ECDSA_SIG_new();
        unsigned char *der = NULL;
        int size, ok;

        ok = signature && ECDSA_SIG_set0(signature, BN_bin2bn(r.data, (int)r.size, NULL),
                                         BN_bin2bn(s.data, (int)s.size, NULL)) == 1;
        assert(ok);
        size = i2d_ECDSA_SIG(signature, &der);
        assert(size > 0);
        buf_put(buf, der, (size_t)size);
        OPENSSL_free(der);
        ECDSA_SIG_free(signature);
}

/* Integers of each size up to that of P-521, whose first bytes are the ones at which the encoding
 * changes. */
static void test_put_der_equals_openssl(void)
{
        static const uint8_t first_bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
        uint8_t r[66], s[66];

        for (size_t size = 1; size <= sizeof(r); size++) {
                for (size_t i = 0; i < ARRAY_SIZE(first_bytes) * ARRAY_SIZE(first_bytes); i++) {
                        _cleanup_(buf_done) struct buf ours = {}, theirs = {};

                        memset(r, 0x5a, sizeof(r));
                        memset(s, 0xa5, sizeof(s));
                        r[0] = first_bytes[i / ARRAY_SIZE(first_bytes)];
                        s[0] = first_bytes[i % ARRAY_SIZE(first_bytes)];
                        if (size == 1 && (r[0] == 0 || s[0] == 0))
                                continue;
                        expect_integer(ecdsa_put_der(&ours, view_of(r, size), view_of(s, size)), 0);
                        put_der_by_openssl(&theirs, view_of(r, size), view_of(s, size));
                        expect_view(buf_view(&ours), buf_view(&theirs));
                }
        }
}

static void test_put_der(void)
{
        uint8_t large[80] = {0};
        static const uint8_t expected[] = {0x30, 0x07, 0x02, 0x01, 0x01, 0x02, 0x02, 0x00, 0x80};
        _cleanup_(buf_done) struct buf buf = {}, small = BUF_INIT(8);

        expect_integer(ecdsa_put_der(&buf, view_of("\0\0\1", 3), view_of("\x80", 1)), 0);
        expect_view(buf_view(&buf), view_of(expected, sizeof(expected)));
        expect_integer(ecdsa_put_der(&small, view_of("\1", 1), view_of("\x80", 1)), -EMSGSIZE);
        buf_clear(&buf);
        expect_integer(ecdsa_put_der(&buf, view_of("\0", 1), view_of("\1", 1)), -EBADMSG);
        expect_integer(ecdsa_put_der(&buf, view_of("\1", 1), view_of("\0\0", 2)), -EBADMSG);
        expect_integer(ecdsa_put_der(&buf, view_of(NULL, 0), view_of("\1", 1)), -EBADMSG);
        large[80 - 67] = 1;
        expect_integer(ecdsa_put_der(&buf, view_of(large, 80), view_of("\1", 1)), -EBADMSG);
        expect_integer(ecdsa_put_der(&buf, view_of("\1", 1), view_of(large, 80)), -EBADMSG);
        expect_integer(buf.size, 0);
        large[80 - 67] = 0;
        large[80 - 66] = 1;
        expect_integer(ecdsa_put_der(&buf, view_of(large, 80), view_of("\1", 1)), 0);
}

int main(void)
{
        test_shapes();
        test_put_der_equals_openssl();
        test_put_der();
        return test_result();
}
