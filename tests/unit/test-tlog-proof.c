/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tlog-proof.h"
#include "tests/unit/edit.h"

#include <errno.h>

#define HASH "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define PROOF                                                                                      \
        "c2sp.org/tlog-proof@v1\n"                                                                 \
        "extra cmVjb3Jk\n"                                                                         \
        "index 5\n" HASH "\n" HASH "\n"                                                            \
        "\n"                                                                                       \
        "example.org/log\n7\n" HASH "\n\n\xe2\x80\x94 example.org/log AAAAAAA=\n"

static const struct {
        const char *label, *from, *to, *says;
        int error;
} edits[] = {
        {"version", "@v1", "@v2", "expected first line \"c2sp.org/tlog-proof@v1\"", -EBADMSG},
        {"extra", "cmVjb3Jk", "cmVjb3J", "extra is no base64", -EBADMSG},
        {"no index", "index 5\n", "", "expected \"index\" and a number", -EBADMSG},
        {"index sign", "index 5", "index +5", "expected \"index\" and a number", -EBADMSG},
        {"index zero", "index 5", "index 05", "expected \"index\" and a number", -EBADMSG},
        {"hash", HASH, "AAEC", "hash 0 is not the base64 of 32 bytes", -EBADMSG},
        {"hash text", HASH, "?", "hash 0 is not the base64 of 32 bytes", -EBADMSG},
        {"carriage return", "index 5\n", "index 5\r\n", "expected \"index\" and a number",
         -EBADMSG},
};

static void test_round_trip(void)
{
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};

        expect_integer(tlog_proof_parse(view_string(PROOF), &proof, &problem), 0);
        expect(proof.has_extra);
        expect_text(buf_view(&proof.extra), "record");
        expect_integer(proof.index, 5);
        expect_integer(proof.path.count, 2);
        expect(view_equal(view_of(proof.checkpoint.data, 16), view_string("example.org/log\n")));
        expect_integer(tlog_proof_put(&again, &proof), 0);
        expect_text(buf_view(&again), PROOF);
}

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};

                test_label = edits[i].label;
                edit_first(&text, view_string(PROOF), edits[i].from, edits[i].to);
                expect_integer(tlog_proof_parse(buf_view(&text), &proof, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].says);
        }
        test_label = "";
}

static void test_cut_short(void)
{
        size_t checkpoint = (size_t)(strstr(PROOF, "\n\n") + 2 - PROOF);

        for (size_t size = 0; size <= checkpoint; size++) {
                _cleanup_(tlog_proof_done) struct tlog_proof proof = {};

                expect_integer(tlog_proof_parse(view_of(PROOF, size), &proof, NULL), -EBADMSG);
        }
}

static void test_limits(void)
{
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        _cleanup_(buf_done) struct buf text = {};
        struct problem problem = {};

        buf_put_string(&text, "c2sp.org/tlog-proof@v1\nindex 0\n");
        for (size_t i = 0; i <= MERKLE_PROOF_MAX; i++)
                buf_put_string(&text, HASH "\n");
        buf_put_string(&text, "\ncheckpoint");
        expect_integer(tlog_proof_parse(buf_view(&text), &proof, &problem), -EBADMSG);
        expect_contains(problem.text, "more than 65 hashes");
        buf_clear(&text);
        while (text.size <= TLOG_PROOF_SIZE_MAX)
                buf_put_string(&text, PROOF);
        expect_integer(tlog_proof_parse(buf_view(&text), &proof, NULL), -EMSGSIZE);
}

int main(void)
{
        test_round_trip();
        test_edits();
        test_cut_short();
        test_limits();
        return test_result();
}
