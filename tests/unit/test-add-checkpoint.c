/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/add-checkpoint.h"
#include "tests/test.h"
#include "tests/unit/witness.h"

#include <errno.h>

#define DASH "\xe2\x80\x94 "
#define TEXT "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

/* C2SP tlog-witness, "Example request body", with one of its hashes and of its signatures. */
static void test_request(void)
{
        static const char expected[] = "old 20852014\n"
                                       "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
                                       "\n" TEXT "\n" DASH "example.com/behind-the-sofa AAAAAAA=\n";
        _cleanup_(buf_done) struct buf body = {}, hash = {}, first = {};
        struct merkle_proof proof = {.count = 1};

        expect_integer(
                base64_decode(&hash, view_string("PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=")),
                0);
        memcpy(proof.hash[0].bytes, hash.data, SHA256_SIZE);
        expect_integer(
                add_checkpoint_put(
                        &body, 20852014, &proof,
                        view_string(TEXT "\n" DASH "example.com/behind-the-sofa AAAAAAA=\n")),
                0);
        expect_text(buf_view(&body), expected);
        proof.count = 0;
        expect_integer(add_checkpoint_put(&first, 0, &proof, view_string("checkpoint")), 0);
        expect_text(buf_view(&first), "old 0\n\ncheckpoint");
}

static void test_sizes(void)
{
        static const struct {
                const char *body;
                int r;
                uint64_t size;
        } rows[] = {
                {"20852014\n", 0, 20852014},
                {"0\n", 0, 0},
                {"9223372036854775807\n", 0, INT64_MAX},
                {"9223372036854775808\n", -EBADMSG, 0},
                {"7", -EBADMSG, 0},
                {"07\n", -EBADMSG, 0},
                {" 7\n", -EBADMSG, 0},
                {"7\n\n", -EBADMSG, 0},
                {"7\r\n", -EBADMSG, 0},
                {"-7\n", -EBADMSG, 0},
                {"\n", -EBADMSG, 0},
                {"", -EBADMSG, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct problem problem = {};
                uint64_t size = 0;

                test_label = rows[i].body;
                expect_integer(add_checkpoint_read_size(view_string(rows[i].body), &size, &problem),
                               rows[i].r);
                if (rows[i].r == 0)
                        expect_integer(size, rows[i].size);
                else
                        expect_text(view_string(problem.text),
                                    "answer 409: expected a size and a newline");
        }
        test_label = "";
}

/* What @signer signs over @text at @time, with @before and @after around it. */
static const struct {
        const char *label, *before, *text, *after;
        uint64_t time;
        int stranger;
        int r;
        const char *problem;
} answers[] = {
        {"as it should be", "", TEXT, "", 1679315147, 0, 0, ""},
        {"a stranger's before", DASH "stranger.example AAAAAAA=\n", TEXT, "", 7, 0, 0, ""},
        {"a stranger's after", "", TEXT, DASH "stranger.example AAAAAAA=\n", 7, 0, 0, ""},
        {"of another type", DASH "witness.example/w AAAAAAA=\n", TEXT, "", 7, 0, 0, ""},
        {"stranger alone", "", TEXT, "", 7, 1, -ENOKEY, "no signature of \"witness.example/w\""},
        {"of another checkpoint", "", "example.com/behind-the-sofa\n1\nx\n", "", 7, 0,
         -EKEYREJECTED, "signature of \"witness.example/w\" does not verify"},
        {"no time", "", TEXT, "", 0, 0, -EKEYREJECTED, "cosignature without a time"},
        {"time of 2^63", "", TEXT, "", (uint64_t)1 << 63, 0, -EKEYREJECTED,
         "signature of \"witness.example/w\" does not verify"},
        {"text before", "more\n\n", TEXT, "", 7, 0, -EBADMSG, "answer: expected signature lines"},
        {"blank line before", "\n", TEXT, "", 7, 0, -EBADMSG, "answer: expected signature lines"},
        {"text after", "", TEXT, "more\n", 7, 0, -EBADMSG, "answer: expected signature lines"},
};

static void test_cosignatures(void)
{
        struct witness ours = witness_new("witness.example/w"), other = witness_new("stranger");
        _cleanup_(vkey_done) struct vkey key = {};

        expect_integer(vkey_parse(view_string(ours.vkey), &key, NULL), 0);
        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                _cleanup_(buf_done) struct buf body = {}, line = {}, expected = {};
                struct problem problem = {};
                uint64_t time = 0;

                test_label = answers[i].label;
                witness_cosign(answers[i].stranger ? &other : &ours, answers[i].time,
                               answers[i].text, &expected);
                buf_put_string(&body, answers[i].before);
                buf_put_view(&body, buf_view(&expected));
                buf_put_string(&body, answers[i].after);
                expect_integer(add_checkpoint_read_cosignature(buf_view(&body), view_string(TEXT),
                                                               &key, &line, &time, &problem),
                               answers[i].r);
                expect_text(view_string(problem.text), answers[i].problem);
                if (answers[i].r == 0) {
                        expect_view(buf_view(&line), buf_view(&expected));
                        expect_integer(time, answers[i].time);
                } else {
                        expect_integer(line.size, 0);
                }
        }
        test_label = "";
        witness_free(&ours);
        witness_free(&other);
}

int main(void)
{
        test_request();
        test_sizes();
        test_cosignatures();
        return test_result();
}
