/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/signed-message.h"
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>

#define MESSAGE "a message"

static struct view digest_of(struct view message)
{
        static struct sha256 digest;

        digest = sha256_of(message);
        return sha256_view(&digest);
}

static int read_text(const char *text, const char *algorithm, struct buf *ret,
                     struct problem *problem)
{
        return signed_message_read(text ? view_string(text) : view_of(NULL, 0),
                                   algorithm_find(algorithm), digest_of(view_string(MESSAGE)), ret,
                                   problem);
}

static void test_refused(void)
{
        static const struct {
                const char *label, *text, *algorithm, *problem;
        } rows[] = {
                {"none where one is signed", NULL, "ed25519",
                 "message: algorithm ed25519 signs messages, expected one"},
                {"one where a digest is signed", "YSBtZXNzYWdl", "ecdsa-p256",
                 "message: algorithm ecdsa-p256 signs digests, expected none"},
                {"no base64", "YSBtZXNzYWdl!", "ed25519", "message: no standard base64"},
                {"white space", "YSBt ZXNzYWdl", "ed25519", "message: no standard base64"},
                {"another one", "YSBNZXNzYWdl", "ed25519",
                 "message: has another digest than sha256:…"},
                {"the empty one", "", "ed25519", "message: has another digest than sha256:…"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf message = {};
                struct problem problem = {};

                test_label = rows[i].label;
                expect_integer(read_text(rows[i].text, rows[i].algorithm, &message, &problem),
                               -EBADMSG);
                expect_text(view_string(problem.text), rows[i].problem);
        }
        test_label = "";
}

static void test_read(void)
{
        _cleanup_(buf_done) struct buf message = {}, none = {}, empty = {};

        expect_integer(read_text("YSBtZXNzYWdl", "ed25519", &message, NULL), 0);
        expect_text(buf_view(&message), MESSAGE);
        expect_integer(read_text(NULL, "ecdsa-p256", &none, NULL), 0);
        expect_integer(none.size, 0);
        expect_integer(signed_message_read(view_string(""), algorithm_find("ed25519"),
                                           digest_of(view_of(NULL, 0)), &empty, NULL),
                       0);
}

/* Of so many bytes, and of one more. */
static int read_long(size_t size, struct problem *problem)
{
        _cleanup_(buf_done) struct buf bytes = {}, text = {}, message = {};

        for (size_t i = 0; i < size; i++)
                buf_put_u8(&bytes, 'x');
        base64_encode(&text, buf_view(&bytes));
        return signed_message_read(buf_view(&text), algorithm_find("ed25519"),
                                   digest_of(buf_view(&bytes)), &message, problem);
}

static void test_longest(void)
{
        struct problem problem = {};

        expect_integer(read_long(ALGORITHM_MESSAGE_MAX, NULL), 0);
        expect_integer(read_long(ALGORITHM_MESSAGE_MAX + 1, &problem), -EBADMSG);
        expect_text(view_string(problem.text),
                    "message: longer than the 8192 bytes that ed25519 signs");
}

static void test_verify(void)
{
        const struct algorithm *ed25519 = algorithm_find("ed25519"),
                               *p256 = algorithm_find("ecdsa-p256");
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(ed25519), *ec_pair = key_new(p256);
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair), *ec = key_public(ec_pair);
        _cleanup_(buf_done) struct buf of_message = {}, of_digest = {}, by_ec = {};
        struct view message = view_string(MESSAGE), digest = digest_of(message);

        key_sign_message(pair, message, &of_message);
        key_sign_message(pair, digest, &of_digest);
        key_sign(ec_pair, p256, digest, &by_ec);
        expect_integer(signed_message_verify(key, ed25519, digest, message, buf_view(&of_message)),
                       0);
        expect_integer(signed_message_verify(ec, p256, digest, view_of(NULL, 0), buf_view(&by_ec)),
                       0);
        /* The digest is no message. */
        expect_integer(signed_message_verify(key, ed25519, digest, message, buf_view(&of_digest)),
                       -EKEYREJECTED);
        expect_integer(signed_message_verify(key, ed25519, digest, view_string("b"),
                                             buf_view(&of_message)),
                       -EKEYREJECTED);
        expect_integer(signed_message_verify(ec, ed25519, digest, message, buf_view(&by_ec)),
                       -EOPNOTSUPP);
        expect_integer(signed_message_verify(key, p256, digest, message, buf_view(&of_message)),
                       -EOPNOTSUPP);
        expect_integer(pubkey_verify(key, ed25519, digest, buf_view(&of_digest)), -EOPNOTSUPP);
        /* Others hash it first. */
        expect_integer(pubkey_verify_message(ec, p256, message, buf_view(&by_ec)), 0);
        expect_integer(pubkey_verify_message(ec, p256, digest, buf_view(&by_ec)), -EKEYREJECTED);
}

int main(void)
{
        test_refused();
        test_read();
        test_longest();
        test_verify();
        return test_result();
}
