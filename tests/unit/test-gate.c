/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/gate.h"
#include "tests/test.h"

#include <errno.h>

/* Answers that another program computed: tests/system/countersign, which has no code in common with
 * what is tested. */

static const char witness_spki[] =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2O+rbZAnDHyielTKMEpi4dQ7kWkMM9M4tlG3"
        "5fjuy55WG32Rw+2jXdCl9KZvgX4DreLELRfgHrLPE5IQe6reOA==";
static const char p256_spki[] =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaoPlqdJnIIT1CIouAiODPhascU9pVmmoAlQb"
        "MpZmkwad+aRMRHHM+Ovgsig617mv0oFNh5sN1qweInqtyLyDew==";
static const char p384_spki[] =
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEVERHRMdSNComwqiNOdWfizzJ/4WlA0vB5B5sBAUi"
        "OcyiiCXTeBnHpqwON1XyVNmcmPJjJjYxyP5/QGsWdb4kKSjFnseNwZryGRnU7GPd4ZhdQitv"
        "CGkAbJPXuhLdd7eN";
static const char rsa_spki[] =
        "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyfCv1/Czl08hzrmqdgqkFZ2TVsqc"
        "j8ULxgjqrNXrk3Cu9oH8LWSlipei+SB3YIGC6MKYcg+xV6AHZNgffy3YV5smZ+Xg1A4qUAYk"
        "BlhFnzFeXr10O4zJhRpw7LvKUoS0lai0F056UzaUdMQ1xV5oehTR0I3+Cc7AJj71kWUxURm2"
        "9KuFWGITfwUFCfMP8lh5p9FzYa7Aun65XxhrY2fl6AJOodVF4BH/whBdPIeePIQjd66oSibb"
        "WmFzgdBZ5YeiCzKuz5DSc9dNbBHnGuyBQEG6KN+9kmwM9QDjUr6g1v3AzTQQvR5Nm06mIocf"
        "ULHNRGtm+SHIHeMBeLXueyy9kQIDAQAB";

static const struct {
        const char *algorithm, *spki;
        int witness;
        uint32_t counter;
        const char *policy, *request;
} rows[] = {
        {"ecdsa-p256", p256_spki, 1, 0,
         "54653a5c24bc4d2071083e4243fc72211331ecf7b6f8e646f3b9a30075254e6f",
         "00000000796968da387c94a57ab5736e53fbb934f37ac9e6ad3d2813e7f0a181029acff8"},
        {"ecdsa-p256", p256_spki, 0, GATE_COUNTER_FIRST,
         "926b8970398982a1ed727e9e97feda604c76054ac04bc6c32c7fa7b23ef1c58c",
         "0000000033bd69e719eeb389fd5ab9269598fc1511f3d2ed6367475ac68b865881422fd6"},
        {"ecdsa-p384", p384_spki, 1, GATE_COUNTER_LAST,
         "de6200792bd17fc9e392632ecc7802880cb812f006a79f4f3396df0908263f72",
         "00000000a79be659ff584ed813e7f2ac7c9707d5267ce449fc3bd86997066fe50d2f0cf8"},
        {"rsa-2048", rsa_spki, 1, 0,
         "54653a5c24bc4d2071083e4243fc72211331ecf7b6f8e646f3b9a30075254e6f",
         "0000000095b1538981a37d434b6bcbfd521e815b45d54ad3b9b11da6f6493a1ec0549ba1"},
        {"rsa-2048-pss", rsa_spki, 1, GATE_COUNTER_FIRST,
         "ad4dff480d166d39ce43468346001869bb509527a74592bb1f2e7d37be315987",
         "000000006b29a2f66508dc23d4568ec788f554ab2c95f1070ebe9bdb8cfcc4cc0b272352"},
};

static void decode(const char *text, struct buf *ret)
{
        expect_integer(base64_decode(ret, view_string(text)), 0);
}

static void make_gate(int witness, uint32_t counter, struct gate *ret)
{
        _cleanup_(buf_done) struct buf spki = {};

        ret->counter = counter;
        decode(witness_spki, &spki);
        if (witness)
                expect_integer(gate_set_witness(ret, buf_view(&spki)), 0);
}

static void expect_hex(struct view bytes, const char *expected)
{
        char text[HEX_SIZE(GATE_REQUEST_SIZE)];

        expect_text(view_string(hex_encode(bytes, text)), expected);
}

static struct view numbers(size_t size)
{
        static uint8_t bytes[DIGEST_SIZE_MAX];

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)i;
        return view_of(bytes, size);
}

static void test_known_answers(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                const struct algorithm *algorithm = algorithm_find(rows[i].algorithm);
                _cleanup_(gate_done) struct gate gate = {}, copy = {};
                _cleanup_(pubkey_freep) struct pubkey *key = NULL;
                _cleanup_(buf_done) struct buf spki = {};
                uint8_t request[GATE_REQUEST_SIZE];
                struct sha256 policy = {};

                test_label = rows[i].policy;
                make_gate(rows[i].witness, rows[i].counter, &gate);
                expect(gate_is_closed(&gate));
                decode(rows[i].spki, &spki);
                expect_integer(pubkey_from_spki(buf_view(&spki), &key), 0);
                expect_integer(gate_policy(&gate, &policy), 0);
                expect_hex(sha256_view(&policy), rows[i].policy);
                expect_integer(gate_copy(&gate, &copy), 0);
                expect_integer(gate_request(&copy, key, algorithm, numbers(algorithm->digest_size),
                                            request),
                               0);
                expect_hex(view_of(request, sizeof(request)), rows[i].request);
        }
        test_label = "";
}

static void test_counter_name(void)
{
        struct tpm_name name = {};

        expect_integer(gate_counter_name(GATE_COUNTER_FIRST, &name), 0);
        expect_hex(tpm_name_view(&name),
                   "000b23556decee32b3721ee58f98531882aea0c700b4365c6c678a547dea048e8584");
}

static void test_counter_texts(void)
{
        static const struct {
                const char *text;
                int error;
                uint32_t counter;
        } texts[] = {
                {"0x01d10300", 0, GATE_COUNTER_FIRST},
                {"0x01d103ff", 0, GATE_COUNTER_LAST},
                {"0x01d102ff", -EBADMSG, 0},
                {"0x01d10400", -EBADMSG, 0},
                {"0x01D10300", -EBADMSG, 0},
                {"01d10300", -EBADMSG, 0},
                {"0x1d10300", -EBADMSG, 0},
                {"0x01d10300 ", -EBADMSG, 0},
                {"", -EBADMSG, 0},
                {"0x", -EBADMSG, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                char text[GATE_COUNTER_TEXT];
                uint32_t counter = 0;

                test_label = texts[i].text;
                expect_integer(gate_counter_parse(texts[i].text, &counter), texts[i].error);
                expect_integer(counter, texts[i].counter);
                if (texts[i].error == 0)
                        expect_text(view_string(gate_counter_text(counter, text)), texts[i].text);
        }
        test_label = "";
}

/* One bit more or less, and it is another signature that was allowed. */
static void test_authorization(void)
{
        static const char good[] =
                "3045022100e9f4ed3a180e258c5a34512920f345efb8f30d3554c8ae39c056571387e1ca"
                "96022078d01dfa68062d636f418dc92093c05f6b36b4ae717125a0366fcd5ccc860eb8";
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");
        _cleanup_(gate_done) struct gate gate = {}, other = {};
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        _cleanup_(buf_done) struct buf spki = {};
        uint8_t authorization[sizeof(good) / 2], digest[SHA256_SIZE];
        struct view signature = view_of(authorization, sizeof(authorization));

        make_gate(1, 0, &gate);
        make_gate(1, GATE_COUNTER_FIRST, &other);
        decode(p256_spki, &spki);
        expect_integer(pubkey_from_spki(buf_view(&spki), &key), 0);
        expect_integer(hex_decode(view_string(good), authorization, sizeof(authorization)), 0);
        memcpy(digest, numbers(SHA256_SIZE).data, SHA256_SIZE);
        expect_integer(gate_verify(&gate, key, algorithm, view_of(digest, SHA256_SIZE), signature),
                       0);
        expect_integer(gate_verify(&other, key, algorithm, view_of(digest, SHA256_SIZE), signature),
                       -EKEYREJECTED);
        digest[31] ^= 1;
        expect_integer(gate_verify(&gate, key, algorithm, view_of(digest, SHA256_SIZE), signature),
                       -EKEYREJECTED);
        digest[31] ^= 1;
        authorization[sizeof(authorization) - 1] ^= 1;
        expect_integer(gate_verify(&gate, key, algorithm, view_of(digest, SHA256_SIZE), signature),
                       -EKEYREJECTED);
        expect_integer(
                gate_verify(&gate, key, algorithm, view_of(digest, SHA256_SIZE), view_of(NULL, 0)),
                -EKEYREJECTED);
}

static void test_witnesses(void)
{
        static const char *const not_p256[] = {p384_spki, rsa_spki};
        _cleanup_(gate_done) struct gate gate = {};

        expect(!gate_is_closed(&gate));
        for (size_t i = 0; i < ARRAY_SIZE(not_p256); i++) {
                _cleanup_(buf_done) struct buf spki = {};

                decode(not_p256[i], &spki);
                expect_integer(gate_set_witness(&gate, buf_view(&spki)), -EOPNOTSUPP);
        }
        expect_integer(gate_set_witness(&gate, view_string("no key")), -EBADMSG);
        expect(gate.witness == NULL);
}

int main(void)
{
        test_known_answers();
        test_counter_name();
        test_counter_texts();
        test_authorization();
        test_witnesses();
        return test_result();
}
