/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/keyring-export.h"
#include "tests/unit/edit.h"
#include "tests/unit/key.h"

#include <errno.h>
#include <stdio.h>

#define T(second) "2026-11-22T10:00:" second "Z"

static struct keyring_key make_key(const char *name, const char *algorithm,
                                   enum key_purpose purpose)
{
        struct keyring_key key = {
                .token = "hsm",
                .created = T("10.500000"),
                .version = 1,
                .algorithm = algorithm_find(algorithm),
                .purpose = purpose,
        };
        _cleanup_(key_freep) EVP_PKEY *pair = key_new(key.algorithm);

        (void)snprintf(key.name, sizeof(key.name), "%s", name);
        key.pubkey = key_public(pair);
        return key;
}

static int put(const char *format, struct keyring_key *keys, size_t count, const char *name,
               struct buf *ret, struct problem *problem)
{
        char origin[] = "example.org/host42";
        const struct keyring ring = {origin, keys, count, NULL};
        const struct keyring_export *row = keyring_export_find(format);

        assert(row);
        return keyring_export_put(row, &ring, name, ret, problem);
}

static const struct {
        const char *label;
        enum key_state state;
        const char *ended, *revoked, *destroyed;
        const char *says;
} windows[] = {
        {"active", KEY_ACTIVE, "", "", "",
         "model valid-after=\"20261122100010Z\" ecdsa-sha2-nistp256 AAAA"},
        {"retired", KEY_RETIRED, T("20.999999"), "", "",
         "valid-after=\"20261122100010Z\",valid-before=\"20261122100020Z\" "},
        {"retired in its first second", KEY_RETIRED, T("10.700000"), "", "",
         "valid-after=\"20261122100009Z\",valid-before=\"20261122100010Z\" "},
        {"destroyed", KEY_DESTROYED, T("20.000000"), "", T("40.000000"),
         "valid-before=\"20261122100020Z\" "},
        {"destroyed without another end", KEY_DESTROYED, "", "", T("40.000000"),
         "valid-before=\"20261122100040Z\" "},
        {"revoked", KEY_REVOKED, T("40.000000"), T("30.900000"), "",
         "valid-before=\"20261122100029Z\" "},
        {"revoked after its end", KEY_REVOKED, T("20.000000"), T("30.000000"), "",
         "valid-before=\"20261122100020Z\" "},
        {"revoked from the beginning", KEY_REVOKED, T("20.000000"), T("05.000000"), "",
         "# model version 1 is not here: nothing that it signed is to be believed\n"},
        {"revoked in its first second", KEY_REVOKED, T("20.000000"), T("10.900000"), "",
         "# model version 1 is not here"},
        {"revoked nobody knows when", KEY_REVOKED, T("20.000000"), "", "",
         "# model version 1 is not here"},
        {"retired nobody knows when", KEY_RETIRED, "", "", "", "# model version 1 is not here"},
};

static void test_windows(void)
{
        struct keyring_key key = make_key("model", "ecdsa-p256", KEY_MODEL);

        for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
                _cleanup_(buf_done) struct buf text = {};

                test_label = windows[i].label;
                key.state = windows[i].state;
                (void)snprintf(key.ended, sizeof(key.ended), "%s", windows[i].ended);
                (void)snprintf(key.revoked, sizeof(key.revoked), "%s", windows[i].revoked);
                (void)snprintf(key.destroyed, sizeof(key.destroyed), "%s", windows[i].destroyed);
                expect_integer(put("allowed_signers", &key, 1, NULL, &text, NULL), 0);
                buf_put_u8(&text, '\0');
                expect_contains((const char *)text.data, windows[i].says);
        }
        test_label = "";
        keyring_key_done(&key);
}

/* Only what a file is for is in it. */
static void test_who(void)
{
        struct keyring_key keys[] = {
                make_key("log", "ecdsa-p256", KEY_LOG),
                make_key("model", "ecdsa-p256", KEY_MODEL),
                make_key("pss", "rsa-2048-pss", KEY_MODEL),
        };
        const struct {
                const char *format;
                size_t count; /* of the keys, from the first on */
                const char *name, *problem;
        } rows[] = {
                {"pem", 1, NULL, "the key ring has no key that is for pem"},
                {"jwks", 1, NULL, "the key ring has no key that is for jwks"},
                {"allowed_signers", 1, NULL, "the key ring has no key that is for allowed_signers"},
                {"vkey", 0, NULL, "the key ring has no key that is for vkey"},
                {"vkey", 3, "model", "the key ring has no key model that is for vkey"},
                {"trusted-root", 0, NULL, "the key ring has no key that is for trusted-root"},
                {"pem", 3, "log", "the key ring has no key log that is for pem"},
                {"jwks", 3, "none", "the key ring has no key none that is for jwks"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};

                expect_integer(
                        put(rows[i].format, keys, rows[i].count, rows[i].name, &text, &problem),
                        -EINVAL);
                expect_text(view_string(problem.text), rows[i].problem);
        }
        keys[1].state = KEY_RETIRED;
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(buf_done) struct buf text = {};

                expect_integer(put(i ? "jwks" : "pem", keys, 2, NULL, &text, NULL), -EINVAL);
        }
        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                keyring_key_done(&keys[i]);
        expect(keyring_export_find("none") == NULL);
}

static void test_jwks(void)
{
        static const char *const algorithms[][4] = {
                {"ecdsa-p256", "ES256", "EC", "P-256"}, {"ecdsa-p384", "ES384", "EC", "P-384"},
                {"rsa-2048", "RS256", "RSA", NULL},     {"rsa-2048-pss", "PS256", "RSA", NULL},
                {"ed25519", "EdDSA", "OKP", "Ed25519"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
                struct keyring_key key = make_key("model", algorithms[i][0], KEY_MODEL);
                _cleanup_(buf_done) struct buf text = {};
                char fingerprint[HEX_SIZE(SHA256_SIZE)];
                const char *alg, *kid, *kty, *use;
                json_t *jwk, *set = NULL;

                test_label = algorithms[i][0];
                expect_integer(put("jwks", &key, 1, "model", &text, NULL), 0);
                expect_integer(json_parse_object(buf_view(&text), &set, NULL), 0);
                jwk = json_array_get(json_object_get(set, "keys"), 0);
                expect_integer(json_unpack(jwk, "{s:s, s:s, s:s, s:s}", "alg", &alg, "kid", &kid,
                                           "kty", &kty, "use", &use),
                               0);
                expect_text(view_string(alg), algorithms[i][1]);
                expect_text(view_string(kty), algorithms[i][2]);
                expect_text(view_string(kid),
                            hex_encode(sha256_view(pubkey_fingerprint(key.pubkey)), fingerprint));
                expect_text(view_string(use), "sig");
                if (algorithms[i][3]) {
                        size_t width = i == 1 ? 64 : 43; /* base64url of 48 or 32 bytes */

                        expect_integer(strlen(json_member_string(jwk, "x")), width);
                        expect(i == 4 ? !json_member_string(jwk, "y")
                                      : strlen(json_member_string(jwk, "y")) == width);
                        expect_text(view_string(json_member_string(jwk, "crv")), algorithms[i][3]);
                } else {
                        expect_integer(strlen(json_member_string(jwk, "n")), 342);
                        expect_text(view_string(json_member_string(jwk, "e")), "AQAB");
                }
                json_decref(set);
                keyring_key_done(&key);
        }
        test_label = "";
}

int main(void)
{
        test_windows();
        test_who();
        test_jwks();
        return test_result();
}
