/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/edit.h"
#include "tests/unit/forged-anchor.h"

#include <errno.h>

#define ORIGIN "example.org/host42"

static EVP_PKEY *key, *other;

static struct forged_anchor make(void)
{
        return (struct forged_anchor){.key = key,
                                      .origin = ORIGIN,
                                      .index = ANCHOR_INDEX_FIRST,
                                      .counter = 7,
                                      .root = sha256_of(view_string("tree"))};
}

/* What is expected, and what is said. */
static int check(const struct forged_anchor *said, struct problem *problem)
{
        const struct forged_anchor expected = make();
        const struct anchor_evidence evidence = {
                .origin = expected.origin,
                .index = expected.index,
                .counter = expected.counter,
                .root = sha256_view(&expected.root),
                .key = buf_view(&said->spki),
                .attestation = buf_view(&said->attestation),
                .signature = buf_view(&said->signature),
        };

        return anchor_evidence_check(&evidence, problem);
}

static void test_good(void)
{
        _cleanup_(forged_anchor_done) struct forged_anchor said = make();
        struct problem problem = {};

        forged_anchor_make(&said);
        expect_integer(check(&said, &problem), 0);
        expect_text(view_string(problem.text), "");
}

static void change_origin(struct forged_anchor *said)
{
        said->origin = "example.org/host43";
}

static void change_index(struct forged_anchor *said)
{
        said->index++;
}

static void change_counter(struct forged_anchor *said)
{
        said->counter--;
}

static void change_root(struct forged_anchor *said)
{
        said->root.bytes[31] ^= 1;
}

static void change_signer(struct forged_anchor *said)
{
        said->signer = other;
}

static void change_type(struct forged_anchor *said)
{
        said->type = 0x8018;
}

static void test_changed(void)
{
        static const struct {
                const char *reason;
                void (*change)(struct forged_anchor *said);
                int error;
        } rows[] = {
                {"attests another index than the counter of this journal at 0x01d10225",
                 change_origin, -EKEYREJECTED},
                {"attests another index than the counter of this journal at 0x01d10225",
                 change_index, -EKEYREJECTED},
                {"attests 6 as the counter, not 7", change_counter, -EKEYREJECTED},
                {"attests another tree than that of this journal", change_root, -EKEYREJECTED},
                {"the attestation key has not signed this attestation", change_signer,
                 -EKEYREJECTED},
                {"attestation: expected one of an NV index (0x8014), found type 0x8018",
                 change_type, -EBADMSG},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(forged_anchor_done) struct forged_anchor said = make();
                struct problem problem = {};

                rows[i].change(&said);
                forged_anchor_make(&said);
                expect_integer(check(&said, &problem), rows[i].error);
                expect_text(view_string(problem.text), rows[i].reason);
        }
}

/* Each bit of it counts. */
static void test_tampered(void)
{
        _cleanup_(forged_anchor_done) struct forged_anchor said = make();

        forged_anchor_make(&said);
        for (size_t i = 0; i < said.attestation.size * 8; i++) {
                int r;

                said.attestation.data[i / 8] ^= (uint8_t)(1u << i % 8);
                r = check(&said, NULL);
                expect(r == -EKEYREJECTED || r == -EBADMSG);
                said.attestation.data[i / 8] ^= (uint8_t)(1u << i % 8);
        }
        expect_integer(check(&said, NULL), 0);
}

/* A key that is no attestation key of a TPM has another Name than the attestation says. */
static void test_signer(void)
{
        _cleanup_(forged_anchor_done) struct forged_anchor said = make();
        struct problem problem = {};
        size_t signer = 4 + 2 + 2 + 10; /* somewhere in the qualified Name */
        struct sha256 digest;

        forged_anchor_make(&said);
        said.attestation.data[signer] ^= 1;
        buf_clear(&said.signature);
        digest = sha256_of(buf_view(&said.attestation));
        key_sign(key, algorithm_find("ecdsa-p256"), sha256_view(&digest), &said.signature);
        expect_integer(check(&said, &problem), -EKEYREJECTED);
        expect_contains(problem.text, "another key than the attestation key of the endorsement");
        buf_clear(&said.spki);
        problem = (struct problem){};
        expect_integer(check(&said, &problem), -EBADMSG);
        expect_contains(problem.text, "no key of ECDSA P-256");
}

/* Each state of each counter has a Name of its own. */
static void test_names(void)
{
        struct tpm_name names[2 * (ANCHOR_KIND_LAST + 1)];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                enum anchor_kind kind = (enum anchor_kind)(i / 2);

                expect_integer(
                        anchor_name(ANCHOR_INDEX_FIRST, i % 2 ? ORIGIN : "a", kind, &names[i]), 0);
                for (size_t j = 0; j < i; j++)
                        expect(!view_equal(tpm_name_view(&names[i]), tpm_name_view(&names[j])));
        }
}

static void test_index(void)
{
        static const char *const bad[] = {"",           "0x01d10224",  "0x01d10300", "0x01D10225",
                                          "01d1022500", "0x01d10225 ", "0x1d10225",  "0x01d1022g"};
        char text[ANCHOR_INDEX_TEXT];
        uint32_t index = 0;

        expect_integer(anchor_index_parse(view_string("0x01d10225"), &index), 0);
        expect_integer(index, ANCHOR_INDEX_FIRST);
        expect_integer(anchor_index_parse(view_string("0x01d102ff"), &index), 0);
        expect_text(view_string(anchor_index_text(index, text)), "0x01d102ff");
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                test_label = bad[i];
                expect_integer(anchor_index_parse(view_string(bad[i]), &index), -EBADMSG);
        }
        test_label = "";
}

int main(void)
{
        key = key_new(algorithm_find("ecdsa-p256"));
        other = key_new(algorithm_find("ecdsa-p256"));
        test_good();
        test_changed();
        test_tampered();
        test_signer();
        test_names();
        test_index();
        EVP_PKEY_free(key);
        EVP_PKEY_free(other);
        return test_result();
}
