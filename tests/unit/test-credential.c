/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/credential.h"
#include "tests/test.h"
#include "tests/unit/key.h"

#include <errno.h>

/* That TPMs find the secret is shown by the test driver-tpm-attest; here it is the form. */

static const struct view name = {(const uint8_t *)"0123456789012345678901234567890123", 34};

static void test_sizes(void)
{
        static const struct {
                const char *algorithm, *row;
                size_t blob, encrypted;
        } cases[] = {
                {"rsa-2048", "rsa-2048", 2 + 32 + 2 + 32, 256},
                {"ecdsa-p256", "ecc-p256", 2 + 32 + 2 + 32, 2 * (2 + 32)},
                {"ecdsa-p384", "ecc-p384", 2 + 48 + 2 + 32, 2 * (2 + 48)},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                EVP_PKEY *key = key_new(algorithm_find(cases[i].algorithm));
                _cleanup_(credential_done) struct credential once = {}, twice = {};
                _cleanup_(buf_done) struct buf spki = {};
                const struct endorsement *row = NULL;
                uint8_t secret[CREDENTIAL_SECRET_SIZE] = {};
                struct view view = view_of(secret, sizeof(secret));

                test_label = cases[i].algorithm;
                key_put_spki(key, &spki);
                expect_integer(credential_endorsement(buf_view(&spki), &row), 0);
                expect(row && string_equal(row->name, cases[i].row));
                expect_integer(credential_make(buf_view(&spki), name, view, &once), 0);
                expect_integer(credential_make(buf_view(&spki), name, view, &twice), 0);
                expect_integer(once.blob.size, cases[i].blob);
                expect_integer(once.encrypted.size, cases[i].encrypted);
                expect(!view_equal(buf_view(&once.blob), buf_view(&twice.blob)));
                expect(!view_equal(buf_view(&once.encrypted), buf_view(&twice.encrypted)));
                EVP_PKEY_free(key);
        }
        test_label = "";
}

static void test_refused(void)
{
        EVP_PKEY *small = key_new(algorithm_find("rsa-3072")),
                 *good = key_new(algorithm_find("ecdsa-p256"));
        _cleanup_(buf_done) struct buf spki = {}, other = {};
        struct credential credential;
        uint8_t secret[33] = {};

        key_put_spki(small, &spki);
        key_put_spki(good, &other);
        expect_integer(credential_make(buf_view(&spki), name, view_of(secret, 32), &credential),
                       -EOPNOTSUPP);
        expect_integer(credential_make(buf_view(&other), name, view_of(secret, 33), &credential),
                       -EMSGSIZE);
        expect_integer(credential_make(view_of("", 0), name, view_of(secret, 32), &credential),
                       -EBADMSG);
        expect_integer(
                credential_make(view_string("no key"), name, view_of(secret, 32), &credential),
                -EBADMSG);
        EVP_PKEY_free(small);
        EVP_PKEY_free(good);
}

int main(void)
{
        test_sizes();
        test_refused();
        return test_result();
}
