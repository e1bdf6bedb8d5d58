/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/vkey.h"
#include "tests/test.h"
#include "tests/unit/key.h"
#include "tests/unit/witness.h"

#include <errno.h>

#define DASH "\xe2\x80\x94 "

/* C2SP signed-note, "Example". */
#define EXAMPLE_KEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define EXAMPLE                                                                                    \
        "This is an example message.\n\n" DASH                                                     \
        "example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"

/* The documentation of golang.org/x/mod/sumdb/note. */
#define PETER_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define PETER                                                                                                          \
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" DASH \
        "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"

static int verify(const char *key_text, struct view bytes, uint64_t *ret_time,
                  struct problem *problem)
{
        _cleanup_(vkey_done) struct vkey key = {};
        _cleanup_(note_done) struct note note = {};

        expect_integer(vkey_parse(view_string(key_text), &key, NULL), 0);
        expect_integer(note_parse(bytes, &note, NULL), 0);
        return vkey_verify(&key, &note, ret_time, problem);
}

static void test_published_examples(void)
{
        struct problem problem = {};

        expect_integer(verify(EXAMPLE_KEY, view_string(EXAMPLE), NULL, NULL), 0);
        expect_integer(verify(PETER_KEY, view_string(PETER), NULL, NULL), 0);
        expect_integer(verify(PETER_KEY, view_string(EXAMPLE), NULL, &problem), -ENOKEY);
        expect_text(view_string(problem.text), "no signature of \"PeterNeumann\"");
}

/* One character of the text changed. */
static void test_changed(void)
{
        _cleanup_(buf_done) struct buf bytes = {};
        struct problem problem = {};

        buf_put_string(&bytes, EXAMPLE);
        bytes.data[0] = 't';
        expect_integer(verify(EXAMPLE_KEY, buf_view(&bytes), NULL, &problem), -EKEYREJECTED);
        expect_text(view_string(problem.text), "signature of \"example.com/foo\" does not verify");
}

static const struct {
        const char *label, *text;
        int r;
        const char *problem;
} rows[] = {
        {"Ed25519", EXAMPLE_KEY, 0, ""},
        {"empty", "", -EBADMSG, "key: expected NAME+KEYID+BASE64"},
        {"name alone", "example.com/foo", -EBADMSG, "key: expected NAME+KEYID+BASE64"},
        {"no key", "example.com/foo+530d903a+", -EBADMSG, "key: expected NAME+KEYID+BASE64"},
        {"uppercase ID", "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         -EBADMSG, "key: expected NAME+KEYID+BASE64"},
        {"short ID", "example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         -EBADMSG, "key: expected NAME+KEYID+BASE64"},
        {"bad base64", "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
         -EBADMSG, "key: expected NAME+KEYID+BASE64"},
        {"other ID", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         -EBADMSG, "key: the key ID is not that of name, type and key"},
        {"other name", "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         -EBADMSG, "key: the key ID is not that of name, type and key"},
        {"no name", "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG,
         "key: \"\" cannot be a key name"},
        {"blank in the name", "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG,
         "key: \"a b\" cannot be a key name"},
        {"key cut short", "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U0=",
         -EBADMSG, "key: expected the 32 bytes of Ed25519"},
        {"ML-DSA", "example.com/foo+530d903a+BukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         -EOPNOTSUPP, "key: signature type 0x06 is not supported"},
        {"ECDSA without SPKI",
         "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", -EBADMSG,
         "key: expected the SPKI of a P-256 key"},
};

static void test_words(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(vkey_done) struct vkey key = {};
                _cleanup_(buf_done) struct buf again = {};
                struct problem problem = {};

                test_label = rows[i].label;
                expect_integer(vkey_parse(view_string(rows[i].text), &key, &problem), rows[i].r);
                expect_text(view_string(problem.text), rows[i].problem);
                if (rows[i].r < 0)
                        continue;
                expect_integer(vkey_put(&again, &key), 0);
                expect_text(buf_view(&again), rows[i].text);
        }
        test_label = "";
}

static void put_ecdsa_vkey(struct buf *buf, const char *name, EVP_PKEY *pair)
{
        _cleanup_(buf_done) struct buf blob = {};
        struct sha256 fingerprint;
        char id[HEX_SIZE(4)];

        buf_put_u8(&blob, 0x02);
        key_put_spki(pair, &blob);
        fingerprint = sha256_of(view_of(blob.data + 1, blob.size - 1));
        buf_put_format(buf, "%s+%s+", name, hex_encode(view_of(fingerprint.bytes, 4), id));
        base64_encode(buf, buf_view(&blob));
}

static void test_ecdsa(void)
{
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(key_freep) EVP_PKEY *larger = key_new(algorithm_find("ecdsa-p384"));
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf bytes = {}, signature = {}, word = {}, large = {};
        _cleanup_(vkey_done) struct vkey unsupported = {};
        struct sha256 digest = note_digest(view_string("text\n"));

        key_sign(pair, algorithm_find("ecdsa-p256"), sha256_view(&digest), &signature);
        buf_put_string(&bytes, "text\n\n");
        expect_integer(note_put_signature(&bytes, "log", key, buf_view(&signature)), 0);
        put_ecdsa_vkey(&word, "log", pair);
        buf_put_u8(&word, 0);
        expect_integer(verify((const char *)word.data, buf_view(&bytes), NULL, NULL), 0);
        put_ecdsa_vkey(&large, "log", larger);
        expect_integer(vkey_parse(buf_view(&large), &unsupported, NULL), -EOPNOTSUPP);
}

static void test_cosignatures(void)
{
        struct witness witness = witness_new("witness.example/w1");
        _cleanup_(buf_done) struct buf bytes = {};
        uint64_t time = 0;

        buf_put_string(&bytes, "origin\n1\nroot\n\n");
        witness_cosign(&witness, 1679315147, "origin\n1\nroot\n", &bytes);
        expect_integer(verify(witness.vkey, buf_view(&bytes), &time, NULL), 0);
        expect_integer(time, 1679315147);
        witness_cosign(&witness, 1679315149, "origin\n1\nroot\n", &bytes);
        witness_cosign(&witness, 1679315148, "origin\n1\nroot\n", &bytes);
        expect_integer(verify(witness.vkey, buf_view(&bytes), &time, NULL), 0);
        expect_integer(time, 1679315149);
        /* Beyond what a time may be. */
        witness_cosign(&witness, (uint64_t)1 << 63, "origin\n1\nroot\n", &bytes);
        expect_integer(verify(witness.vkey, buf_view(&bytes), &time, NULL), -EKEYREJECTED);
        witness_free(&witness);
}

static void test_same_key(void)
{
        struct witness witness = witness_new("a");
        struct vkey a = {}, b = {}, other = {};
        char word[sizeof(witness.vkey)];

        witness_put_vkey("b", 0x01, &witness, word);
        expect_integer(vkey_parse(view_string(witness.vkey), &a, NULL), 0);
        expect_integer(vkey_parse(view_string(word), &b, NULL), 0);
        expect_integer(vkey_parse(view_string(EXAMPLE_KEY), &other, NULL), 0);
        expect(vkey_same_key(&a, &b));
        expect(!vkey_same_key(&a, &other));
        witness_free(&witness);
}

int main(void)
{
        test_published_examples();
        test_changed();
        test_words();
        test_ecdsa();
        test_cosignatures();
        test_same_key();
        vkey_done(NULL);
        return test_result();
}
