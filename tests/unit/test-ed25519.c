/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digest.h"
#include "lib/ed25519.h"
#include "lib/pubkey.h"
#include "tests/test.h"

#include <errno.h>

/* RFC 8032 §7.1, tests 1 to 3. */
static const struct {
        const char *key, *message, *signature;
} vectors[] = {
        {"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
};

/* RFC 8410 §10.1. */
#define PEM                                                                                        \
        "-----BEGIN PUBLIC KEY-----\n"                                                             \
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"                           \
        "-----END PUBLIC KEY-----\n"

static void test_spki(void)
{
        _cleanup_(buf_done) struct buf spki = {}, pem = {}, none = {};
        _cleanup_(pubkey_freep) struct pubkey *key = NULL;
        uint8_t point[ED25519_KEY_SIZE];

        expect_integer(
                hex_decode(view_string("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad70"
                                       "3166e1"),
                           point, sizeof(point)),
                0);
        expect_integer(spki_put_ed25519(&spki, view_of(point, sizeof(point))), 0);
        expect_integer(pubkey_from_spki(buf_view(&spki), &key), 0);
        expect(key != NULL);
        if (!key)
                return;
        pubkey_put_pem(key, &pem);
        expect_text(buf_view(&pem), PEM);
        expect_view(pubkey_ed25519(key), view_of(point, sizeof(point)));
        expect(pubkey_fits(key, algorithm_find("ed25519")));
        expect(!pubkey_fits(key, algorithm_find("ecdsa-p256")));
        expect_integer(spki_put_ed25519(&none, view_of(point, 31)), -EBADMSG);
        expect_integer(spki_ed25519(view_of(spki.data, spki.size - 1)).size, 0);
}

/* With each of these, a signature of zeros, or one that is nearly so, would be good for many
 * messages. */
static void test_weak(void)
{
        static const char *const keys[] = {
                "0000000000000000000000000000000000000000000000000000000000000000",
                "0000000000000000000000000000000000000000000000000000000000000080",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "0100000000000000000000000000000000000000000000000000000000000080",
                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                _cleanup_(buf_done) struct buf spki = {};
                struct pubkey *key = NULL;
                uint8_t point[ED25519_KEY_SIZE];

                test_label = keys[i];
                expect_integer(hex_decode(view_string(keys[i]), point, sizeof(point)), 0);
                expect(ed25519_is_weak(point));
                expect_integer(spki_put_ed25519(&spki, view_of(point, sizeof(point))), 0);
                expect_integer(pubkey_from_spki(buf_view(&spki), &key), -EBADMSG);
        }
        test_label = "";
}

int main(void)
{
        test_spki();
        test_weak();
        for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
                uint8_t key[ED25519_KEY_SIZE], message[8], signature[ED25519_SIGNATURE_SIZE + 1];
                struct view signed_text = view_of(message, strlen(vectors[i].message) / 2);

                test_label = vectors[i].message;
                signature[ED25519_SIGNATURE_SIZE] = 0;
                expect_integer(hex_decode(view_string(vectors[i].key), key, sizeof(key)), 0);
                expect_integer(
                        hex_decode(view_string(vectors[i].message), message, signed_text.size), 0);
                expect_integer(hex_decode(view_string(vectors[i].signature), signature,
                                          ED25519_SIGNATURE_SIZE),
                               0);
                expect(!ed25519_is_weak(key));
                expect_integer(ed25519_verify(key, signed_text, view_of(signature, 64)), 0);
                expect_integer(ed25519_verify(key, signed_text, view_of(signature, 63)),
                               -EKEYREJECTED);
                expect_integer(ed25519_verify(key, signed_text, view_of(signature, 65)),
                               -EKEYREJECTED);
                signature[40] ^= 1;
                expect_integer(ed25519_verify(key, signed_text, view_of(signature, 64)),
                               -EKEYREJECTED);
        }
        return test_result();
}
