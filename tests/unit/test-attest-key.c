/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest-key.h"
#include "tests/test.h"

#include <errno.h>

#define REST                                                                                       \
        "\0\2na"                                                                                   \
        "\0\5nonce"                                                                                \
        "\0\0\0\0\0\0\0\5\0\0\0\2\0\0\0\3\1"                                                       \
        "\0\1\0\2\0\3\0\4"                                                                         \
        "\0\4Name"                                                                                 \
        "\0\3qua"
#define CERTIFY  "\xff\x54\x43\x47\x80\x17" REST
#define CREATION "\xff\x54\x43\x47\x80\x1a" REST

static void test_good(void)
{
        struct attest_key attest;

        expect_integer(attest_key_parse(view_of(CERTIFY, sizeof(CERTIFY) - 1), ATTEST_KEY_CERTIFY,
                                        &attest, NULL),
                       0);
        expect_text(attest.head.signer, "na");
        expect_text(attest.head.qualifying, "nonce");
        expect_integer(attest.head.clock, 5);
        expect_integer(attest.head.reset_count, 2);
        expect_integer(attest.head.restart_count, 3);
        expect_integer(attest.head.safe, 1);
        expect_integer(attest.head.firmware, 0x0001000200030004);
        expect_text(attest.name, "Name");
        expect_text(attest.further, "qua");
        expect_integer(attest_key_parse(view_of(CREATION, sizeof(CREATION) - 1),
                                        ATTEST_KEY_CREATION, &attest, NULL),
                       0);
}

static void expect_refused(const char *label, struct view bytes, const char *reason)
{
        struct problem problem = {};
        struct attest_key attest;

        test_label = label;
        expect_integer(attest_key_parse(bytes, ATTEST_KEY_CERTIFY, &attest, &problem), -EBADMSG);
        expect_text(view_string(problem.text), reason);
        test_label = "";
}

static void test_refused(void)
{
        static const char no_tpm[] = "attestation: does not begin as what a TPM makes";
        uint8_t bytes[sizeof(CERTIFY)];

        memcpy(bytes, CERTIFY, sizeof(CERTIFY));
        expect_refused("nothing", view_of("", 0), no_tpm);
        expect_refused("creation", view_of(CREATION, sizeof(CREATION) - 1),
                       "attestation: expected one of a key (0x8017), found type 0x801a");
        for (size_t size = 0; size < 6; size++)
                expect_refused("cut", view_of(bytes, size), no_tpm);
        for (size_t size = 6; size < sizeof(CERTIFY) - 1; size++)
                expect_refused("cut", view_of(bytes, size), "attestation: malformed");
        expect_refused("longer", view_of(bytes, sizeof(CERTIFY)), "attestation: malformed");
        bytes[33] = 2;
        expect_refused("neither yes nor no", view_of(bytes, sizeof(CERTIFY) - 1),
                       "attestation: malformed");
        bytes[0] = 0xfe;
        expect_refused("not generated", view_of(bytes, sizeof(CERTIFY) - 1), no_tpm);
}

int main(void)
{
        test_good();
        test_refused();
        return test_result();
}
