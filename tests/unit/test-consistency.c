/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/consistency.h"
#include "tests/test.h"

#include <errno.h>

#define HASH "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static void test_round_trip(void)
{
        for (size_t count = 0; count <= MERKLE_PROOF_MAX; count++) {
                _cleanup_(buf_done) struct buf text = BUF_INIT(CONSISTENCY_SIZE_MAX);
                struct merkle_proof proof = {.count = count}, again = {};

                for (size_t i = 0; i < count; i++)
                        memset(proof.hash[i].bytes, (int)i, SHA256_SIZE);
                consistency_put(&text, &proof);
                expect_integer(buf_error(&text), 0);
                expect_integer(consistency_parse(buf_view(&text), &again, NULL), 0);
                expect_integer(again.count, count);
                expect(memcmp(again.hash, proof.hash, count * SHA256_SIZE) == 0);
        }
}

static void test_text(void)
{
        _cleanup_(buf_done) struct buf text = {};
        struct merkle_proof proof = {.count = 1};

        for (uint8_t i = 0; i < SHA256_SIZE; i++)
                proof.hash[0].bytes[i] = i;
        consistency_put(&text, &proof);
        expect_text(buf_view(&text), HASH "\n");
}

static void test_refused(void)
{
        static const struct {
                const char *text, *problem;
        } rows[] = {
                {"\n", "proof: line 1: expected the base64 of 32 bytes"},
                {HASH, "proof: line 1: expected the base64 of 32 bytes"},
                {HASH "\n" HASH, "proof: line 2: expected the base64 of 32 bytes"},
                {HASH "\n\n", "proof: line 2: expected the base64 of 32 bytes"},
                {HASH "\r\n", "proof: line 1: expected the base64 of 32 bytes"},
                {"AAEC\n", "proof: line 1: expected the base64 of 32 bytes"},
                {"AAAA" HASH "\n", "proof: line 1: expected the base64 of 32 bytes"},
                {" " HASH "\n", "proof: line 1: expected the base64 of 32 bytes"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct merkle_proof proof = {.count = 7};
                struct problem problem = {};

                test_label = rows[i].text;
                expect_integer(consistency_parse(view_string(rows[i].text), &proof, &problem),
                               -EBADMSG);
                expect_text(view_string(problem.text), rows[i].problem);
                expect_integer(proof.count, 7);
        }
        test_label = "";
}

static void test_too_many(void)
{
        _cleanup_(buf_done) struct buf text = {};
        struct merkle_proof proof = {};
        struct problem problem = {};

        for (size_t i = 0; i <= MERKLE_PROOF_MAX; i++)
                buf_put_string(&text, HASH "\n");
        expect_integer(consistency_parse(buf_view(&text), &proof, &problem), -EBADMSG);
        expect_text(view_string(problem.text), "proof: more than 65 hashes");
}

int main(void)
{
        test_round_trip();
        test_text();
        test_refused();
        test_too_many();
        return test_result();
}
