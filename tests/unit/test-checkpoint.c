/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint.h"
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>

#define ORIGIN "example.org/host42"
#define ROOT   "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" /* of the empty tree */

static void test_text(void)
{
        _cleanup_(buf_done) struct buf text = {};
        struct checkpoint checkpoint = {.size = 20852163}, back = {};
        struct problem problem = {};

        checkpoint.root = sha256_of(view_of(NULL, 0));
        checkpoint_put_text(&text, ORIGIN, &checkpoint);
        expect_text(buf_view(&text), ORIGIN "\n20852163\n" ROOT "\n");
        expect_integer(checkpoint_parse_text(buf_view(&text), ORIGIN, &back, &problem), 0);
        expect_integer(back.size, 20852163);
        expect_view(sha256_view(&back.root), sha256_view(&checkpoint.root));
}

static void test_refused(void)
{
        static const struct {
                const char *label, *text, *problem;
        } rows[] = {
                {"other origin", "example.org/host43\n1\n" ROOT "\n",
                 "checkpoint: expected origin \"" ORIGIN "\", found \"example.org/host43\""},
                {"extension line", ORIGIN "\n1\n" ROOT "\nmore\n",
                 "checkpoint: expected three lines: origin, size and root"},
                {"no final newline", ORIGIN "\n1\n" ROOT,
                 "checkpoint: expected three lines: origin, size and root"},
                {"two lines", ORIGIN "\n1\n",
                 "checkpoint: expected three lines: origin, size and root"},
                {"nothing", "", "checkpoint: expected three lines: origin, size and root"},
                {"leading zero", ORIGIN "\n01\n" ROOT "\n", "checkpoint: size \"01\" is no number"},
                {"negative", ORIGIN "\n-1\n" ROOT "\n", "checkpoint: size \"-1\" is no number"},
                {"size of 65 bits", ORIGIN "\n18446744073709551616\n" ROOT "\n",
                 "checkpoint: size \"18446744073709551616\" is no number"},
                {"no size", ORIGIN "\n\n" ROOT "\n", "checkpoint: size \"\" is no number"},
                {"root of 31 bytes", ORIGIN "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n",
                 "checkpoint: root is not the base64 of 32 bytes"},
                {"root of 33 bytes", ORIGIN "\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
                 "checkpoint: root is not the base64 of 32 bytes"},
                {"root without padding",
                 ORIGIN "\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n",
                 "checkpoint: root is not the base64 of 32 bytes"},
                {"space before the root", ORIGIN "\n1\n " ROOT "\n",
                 "checkpoint: root is not the base64 of 32 bytes"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct checkpoint checkpoint = {.size = 77};
                struct problem problem = {};

                test_label = rows[i].label;
                expect_integer(checkpoint_parse_text(view_string(rows[i].text), ORIGIN, &checkpoint,
                                                     &problem),
                               -EBADMSG);
                expect_text(view_string(problem.text), rows[i].problem);
                expect_integer(checkpoint.size, 77);
        }
        test_label = "";
}

static void put_signed(struct buf *bytes, const char *text, const char *name, EVP_PKEY *pair)
{
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf signature = {};
        struct sha256 digest = note_digest(view_string(text));

        buf_put_string(bytes, text);
        buf_put_u8(bytes, '\n');
        key_sign(pair, algorithm_find("ecdsa-p256"), sha256_view(&digest), &signature);
        expect_integer(note_put_signature(bytes, name, key, buf_view(&signature)), 0);
}

static void test_open(void)
{
        static const struct {
                const char *label, *text, *name;
                int r;
        } rows[] = {
                {"good", ORIGIN "\n3\n" ROOT "\n", ORIGIN, 0},
                {"signed under another name", ORIGIN "\n3\n" ROOT "\n", "example.org/x", -ENOKEY},
                {"of another origin", "example.org/x\n3\n" ROOT "\n", ORIGIN, -EBADMSG},
                {"another note", "Good day.\n", ORIGIN, -EBADMSG},
        };
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(key_freep) EVP_PKEY *other = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair),
                                              *other_key = key_public(other);

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf bytes = {};
                struct checkpoint checkpoint = {};

                test_label = rows[i].label;
                put_signed(&bytes, rows[i].text, rows[i].name, pair);
                expect_integer(checkpoint_open(buf_view(&bytes), ORIGIN, key, &checkpoint, NULL),
                               rows[i].r);
                expect_integer(checkpoint.size, rows[i].r == 0 ? 3 : 0);
                if (rows[i].r == 0)
                        expect_integer(checkpoint_open(buf_view(&bytes), ORIGIN, other_key,
                                                       &checkpoint, NULL),
                                       -ENOKEY);
        }
        test_label = "";
}

/* Whatever bit of a signed checkpoint is flipped, it is refused. */
static void test_every_flipped_bit(void)
{
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf bytes = {};
        struct checkpoint checkpoint;

        put_signed(&bytes, ORIGIN "\n3\n" ROOT "\n", ORIGIN, pair);
        expect_integer(checkpoint_open(buf_view(&bytes), ORIGIN, key, &checkpoint, NULL), 0);
        for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
                int r;

                bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
                r = checkpoint_open(buf_view(&bytes), ORIGIN, key, &checkpoint, NULL);
                expect(r == -EBADMSG || r == -ENOKEY || r == -EKEYREJECTED);
                bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
}

int main(void)
{
        test_text();
        test_refused();
        test_open();
        test_every_flipped_bit();
        return test_result();
}
