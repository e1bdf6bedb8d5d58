/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/challenge.h"
#include "tests/test.h"
#include "tests/unit/authority.h"

#include <errno.h>

static const struct tpm_name name = {"\0\x0b"
                                     "a Name"};

static void make(struct challenge *ret, struct challenge_secret *ret_secret)
{
        _cleanup_(authority_done) struct authority root = authority_new(NULL, "root");
        _cleanup_(certificate_freep) struct certificate *certificate = authority_parsed(root.x509);

        expect_integer(challenge_make(certificate, &name, ret, ret_secret), 0);
        expect_view(sha256_view(&ret->certificate),
                    sha256_view(certificate_fingerprint(certificate)));
}

static void test_files(void)
{
        _cleanup_(challenge_done) struct challenge challenge = {}, read = {};
        _cleanup_(buf_done) struct buf text = {}, again = {}, secret_text = {}, secret_again = {};
        struct challenge_secret secret, secret_read;

        make(&challenge, &secret);
        expect_integer(challenge_put(&text, &challenge), 0);
        expect_integer(challenge_parse(buf_view(&text), &read, NULL), 0);
        expect_integer(challenge_put(&again, &read), 0);
        expect_view(buf_view(&again), buf_view(&text));
        expect_integer(challenge_secret_put(&secret_text, &secret), 0);
        expect_integer(challenge_secret_parse(buf_view(&secret_text), &secret_read, NULL), 0);
        expect_integer(challenge_secret_put(&secret_again, &secret_read), 0);
        expect_view(buf_view(&secret_again), buf_view(&secret_text));
        expect(!memmem(text.data, text.size, "secret\":\"", 9)); /* it stays at home */
}

static void expect_refused(const char *text, const char *reason)
{
        _cleanup_(challenge_done) struct challenge challenge;
        struct problem problem = {};

        test_label = reason;
        expect_integer(challenge_parse(view_string(text), &challenge, &problem), -EBADMSG);
        expect_text(view_string(problem.text), reason);
        test_label = "";
}

#define HEX32 "0000000000000000000000000000000000000000000000000000000000000000"
#define TEXT(kind, nonce, blob, version)                                                           \
        "{\"attestationKey\":\"000b" HEX32 "\",\"credentialBlob\":\"" blob                         \
        "\",\"encryptedSecret\":\"AAAA\",\"endorsementCertificate\":\"" HEX32                      \
        "\",\"endorsementKey\":\"" kind "\",\"nonce\":\"" nonce                                    \
        "\",\"type\":\"hallmark-challenge\",\"v\":" version "}"

static void test_refused(void)
{
        _cleanup_(challenge_done) struct challenge challenge;
        struct challenge_secret secret;
        struct problem problem = {};

        expect_integer(challenge_parse(view_string(TEXT("rsa-2048", HEX32, "AAAA", "1")),
                                       &challenge, NULL),
                       0);
        expect_refused(TEXT("rsa-1024", HEX32, "AAAA", "1"),
                       "challenge: endorsementKey: not as it must be");
        expect_refused(TEXT("rsa-2048", "00", "AAAA", "1"), "challenge: nonce: not as it must be");
        expect_refused(TEXT("rsa-2048", HEX32, "", "1"),
                       "challenge: credentialBlob: not as it must be");
        expect_refused(TEXT("rsa-2048", HEX32, "AAAA", "2"), "challenge: v: not as it must be");
        expect_integer(challenge_secret_parse(view_string(TEXT("rsa-2048", HEX32, "AAAA", "1")),
                                              &secret, &problem),
                       -EBADMSG);
}

int main(void)
{
        test_files();
        test_refused();
        return test_result();
}
