/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "lib/note.h"
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>

#define TEXT                                                                                       \
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
#define DASH "\xe2\x80\x94 "
/* Of the documentation of golang.org/x/mod/sumdb/note: Ed25519 signatures, and the key of the
 * first, which has the key ID c74f20a3. */
#define PETER_POINT                                                                                \
        "\x1a\x5c\xd9\x07\x14\x3c\x38\x4c\x41\xe8\x30\xc5\xbc\xe1\x2a\xa8"                         \
        "\x81\x7e\xc5\x64\x9a\xaa\xbf\x2c\x31\x38\x8b\x35\xb2\xd7\x44\xd6"
#define PETER                                                                                      \
        DASH "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define ENOCH                                                                                      \
        DASH "EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

static int parse(const char *text, struct problem *problem)
{
        _cleanup_(note_done) struct note note = {};

        return note_parse(view_string(text), &note, problem);
}

static void test_example(void)
{
        _cleanup_(note_done) struct note note = {};
        struct problem problem = {};

        expect_integer(note_parse(view_string(TEXT "\n" PETER ENOCH), &note, &problem), 0);
        expect_text(note.text, TEXT);
        expect_integer(note.count, 2);
        expect_text(note.signatures[0].name, "PeterNeumann");
        expect_text(note.signatures[1].name, "EnochRoot");
        expect_integer(note.signatures[0].blob.size, 68);
        expect_view(view_of(note.signatures[0].blob.data, 4), view_of("\xc7\x4f\x20\xa3", 4));
}

static const struct {
        const char *label, *text;
        int r;
        const char *problem;
} shapes[] = {
        {"one signature", TEXT "\n" PETER, 0, ""},
        {"blank line in the text", "a\n\nb\n\n" PETER, 0, ""},
        {"what looks like a signature in the text", "a\n\n" PETER "\n" PETER, 0, ""},
        {"empty text line", "\n\n" PETER, 0, ""},
        {"UTF-8 text", "na\xc3\xafve\n\n" PETER, 0, ""},
        {"UTF-8 name", "a\n\n" DASH "caf\xc3\xa9 AAAAAAA=\n", 0, ""},
        {"nothing", "", -EBADMSG, "note: expected text, a blank line and signatures"},
        {"newline", "\n", -EBADMSG, "note: expected text, a blank line and signatures"},
        {"no signature", TEXT "\n", -EBADMSG, "note: expected text, a blank line and signatures"},
        {"no blank line", TEXT PETER, -EBADMSG, "note: expected text, a blank line and signatures"},
        {"no text", "\n" PETER, -EBADMSG, "note: expected text, a blank line and signatures"},
        {"blank line at the end", TEXT "\n" PETER "\n", -EBADMSG,
         "note: expected text, a blank line and signatures"},
        {"text without newline", "abc" PETER, -EBADMSG,
         "note: expected text, a blank line and signatures"},
        {"hyphen for the dash", "a\n\n- n AAAAAAA=\n", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"no space after the dash", "a\n\n\xe2\x80\x94n AAAAAAA=\n", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"no final newline", "a\n\n" DASH "n AAAAAAA=", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"no name", "a\n\n" DASH " AAAAAAA=\n", -EBADMSG, "note: signature line 1 is malformed"},
        {"no base64", "a\n\n" DASH "n \n", -EBADMSG, "note: signature line 1 is malformed"},
        {"no space", "a\n\n" DASH "n\n", -EBADMSG, "note: signature line 1 is malformed"},
        {"bad base64", "a\n\n" DASH "n AAAAAAA\n", -EBADMSG, "note: signature line 1 is malformed"},
        {"spare bits", "a\n\n" DASH "n AAAAAAB=\n", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"a key ID alone", "a\n\n" DASH "n AAAAAA==\n", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"plus in the name", "a\n\n" DASH "n+m AAAAAAA=\n", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"space of Unicode in the name", "a\n\n" DASH "n\xc2\xa0m AAAAAAA=\n", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"two spaces", "a\n\n" DASH "n  AAAAAAA=\n", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"something after", "a\n\n" DASH "n AAAAAAA= x\n", -EBADMSG,
         "note: signature line 1 is malformed"},
        {"second line bad", "a\n\n" PETER "x\n", -EBADMSG, "note: signature line 2 is malformed"},
        {"tab", "a\tb\n\n" PETER, -EBADMSG, "note: not UTF-8 text, or with control characters"},
        {"carriage return", "a\r\n\r\n" PETER, -EBADMSG,
         "note: not UTF-8 text, or with control characters"},
        {"bad UTF-8", "a\xff\n\n" PETER, -EBADMSG,
         "note: not UTF-8 text, or with control characters"},
};

static void test_shapes(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
                struct problem problem = {};

                test_label = shapes[i].label;
                expect_integer(parse(shapes[i].text, &problem), shapes[i].r);
                expect_text(view_string(problem.text), shapes[i].problem);
        }
        test_label = "";
}

static void test_limits(void)
{
        _cleanup_(buf_done) struct buf bytes = {};
        _cleanup_(note_done) struct note note = {};

        buf_put_string(&bytes, "a\n\n");
        for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
                buf_put_string(&bytes, PETER);
        expect_integer(note_parse(buf_view(&bytes), &note, NULL), 0);
        expect_integer(note.count, NOTE_SIGNATURES_MAX);
        note_done(&note);
        buf_put_string(&bytes, PETER);
        expect_integer(note_parse(buf_view(&bytes), &note, NULL), -EBADMSG);
        note_done(&note);
        while (bytes.size <= NOTE_SIZE_MAX)
                buf_put_u8(&bytes, 'x');
        expect_integer(note_parse(buf_view(&bytes), &note, NULL), -EMSGSIZE);
}

static void test_names(void)
{
        static const struct {
                const char *name;
                int valid;
        } rows[] = {
                {"example.org/host42", 1},
                {"a", 1},
                {"caf\xc3\xa9", 1},
                {"", 0},
                {"a b", 0},
                {"a+b", 0},
                {"a\n", 0},
                {"a\tb", 0},
                {"a\x7f", 0},
                {"a\xc2\x85", 0},
                {"a\xe3\x80\x80", 0},
                {"a\xff", 0},
        };
        char longest[NOTE_NAME_MAX + 2];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i].name;
                expect_integer(note_name_is_valid(rows[i].name), rows[i].valid);
        }
        test_label = "";
        memset(longest, 'a', sizeof(longest));
        longest[NOTE_NAME_MAX] = '\0';
        expect(note_name_is_valid(longest));
        longest[NOTE_NAME_MAX] = 'a';
        longest[NOTE_NAME_MAX + 1] = '\0';
        expect(!note_name_is_valid(longest));
}

/* @signature_text is what is signed: not always the text of the note. */
static void put_signature(struct buf *note, EVP_PKEY *pair, const char *name,
                          const char *signature_text)
{
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf signature = {};
        struct sha256 digest = note_digest(view_string(signature_text));

        key_sign(pair, algorithm_find("ecdsa-p256"), sha256_view(&digest), &signature);
        expect_integer(note_put_signature(note, name, key, buf_view(&signature)), 0);
}

static void expect_verified(const struct buf *bytes, const char *name, EVP_PKEY *pair, int expected)
{
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(note_done) struct note note = {};

        expect_integer(note_parse(buf_view(bytes), &note, NULL), 0);
        expect_integer(note_verify(&note, name, key, NULL), expected);
}

static void test_verify(void)
{
        _cleanup_(key_freep) EVP_PKEY *ours = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(key_freep) EVP_PKEY *other = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(buf_done) struct buf bytes = {};

        buf_put_string(&bytes, TEXT "\n" PETER);
        expect_verified(&bytes, "log", ours, -ENOKEY);
        put_signature(&bytes, other, "log", TEXT);
        expect_verified(&bytes, "log", ours, -ENOKEY);
        put_signature(&bytes, ours, "log", TEXT);
        expect_verified(&bytes, "log", ours, 0);
        expect_verified(&bytes, "log", other, 0);
        expect_verified(&bytes, "Log", ours, -ENOKEY);
        expect_verified(&bytes, "PeterNeumann", ours, -ENOKEY);
        put_signature(&bytes, other, "log", "Another text.\n");
        expect_verified(&bytes, "log", ours, 0);
        expect_verified(&bytes, "log", other, -EKEYREJECTED);
}

/* The bad one may come first or last: a known key's signature must verify wherever it stands. */
static void test_bad_beside_good(void)
{
        _cleanup_(key_freep) EVP_PKEY *ours = key_new(algorithm_find("ecdsa-p256"));

        for (int i = 0; i < 2; i++) {
                _cleanup_(buf_done) struct buf bytes = {};

                buf_put_string(&bytes, TEXT "\n");
                put_signature(&bytes, ours, "log", i == 0 ? TEXT : "Another text.\n");
                put_signature(&bytes, ours, "log", i == 0 ? "Another text.\n" : TEXT);
                expect_verified(&bytes, "log", ours, -EKEYREJECTED);
        }
}

/* Ed25519, type 0x01: as Go's programs make and read it. */
static void test_ed25519(void)
{
        _cleanup_(buf_done) struct buf spki = {}, line = {}, bytes = {}, changed = {};
        _cleanup_(pubkey_freep) struct pubkey *peter = NULL;
        _cleanup_(note_done) struct note note = {}, other = {};
        uint8_t id[NOTE_KEY_ID_SIZE];

        expect_integer(spki_put_ed25519(&spki, view_of(PETER_POINT, 32)), 0);
        expect_integer(pubkey_from_spki(buf_view(&spki), &peter), 0);
        note_key_id("PeterNeumann", peter, id);
        expect_view(view_of(id, sizeof(id)), view_of("\xc7\x4f\x20\xa3", 4));
        buf_put_string(&bytes, TEXT "\n" ENOCH PETER);
        expect_integer(note_parse(buf_view(&bytes), &note, NULL), 0);
        expect_integer(note_verify(&note, "PeterNeumann", peter, NULL), 0);
        expect_integer(note_verify(&note, "EnochRoot", peter, NULL), -ENOKEY);
        expect_integer(note_put_signature(&line, "PeterNeumann", peter,
                                          view_of(note.signatures[1].blob.data + 4, 64)),
                       0);
        expect_text(buf_view(&line), PETER);
        buf_put_string(&changed, "Another text.\n\n" PETER);
        expect_integer(note_parse(buf_view(&changed), &other, NULL), 0);
        expect_integer(note_verify(&other, "PeterNeumann", peter, NULL), -EKEYREJECTED);
}

/* Key ID = first four bytes of SHA-256 of the DER SPKI: C2SP signed-note, type 0x02. */
static void test_signature_line(void)
{
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(pubkey_freep) struct pubkey *key = key_public(pair);
        _cleanup_(buf_done) struct buf line = {}, expected = {}, blob = {}, spki = {};
        struct sha256 fingerprint;

        key_put_spki(pair, &spki);
        fingerprint = sha256_of(buf_view(&spki));
        buf_put(&blob, fingerprint.bytes, 4);
        buf_put_string(&blob, "signature");
        buf_put_string(&expected, DASH "example.org/log ");
        base64_encode(&expected, buf_view(&blob));
        buf_put_u8(&expected, '\n');
        expect_integer(note_put_signature(&line, "example.org/log", key, view_string("signature")),
                       0);
        expect_view(buf_view(&line), buf_view(&expected));
}

int main(void)
{
        test_example();
        test_shapes();
        test_limits();
        test_names();
        test_verify();
        test_bad_beside_good();
        test_ed25519();
        test_signature_line();
        note_done(NULL);
        return test_result();
}
