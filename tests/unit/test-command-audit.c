/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest.h"
#include "lib/command-audit.h"
#include "lib/pubkey.h"
#include "tests/test.h"

#include <errno.h>

/* What a software TPM (swtpm 0.7.1) answered to an attestation with 32 times 'q', and the digest
 * that it told afterwards. */
static const char response_text[] =
        "00b3ff54434780150022000bfd15690392147bf1d0799a952b1ba42f808218a3c9615d32e003d16d"
        "31850cab002071717171717171717171717171717171717171717171717171717171717171710000"
        "00000000006900000002000000000020191023001636360000000000000002000b0020b56a6ac2c7"
        "7945198411ec1af303964b2412201289416dc3d3bfed16636d5c91002066d7dbb481e27cab0e4b12"
        "2740cebfc62048d6d843a3bf32707309dd2f74194d0018000b00201d5a4707240caed57334b75852"
        "516b44d0177b0053fdae5b42d583375be939b20020d4cc28862af0cde74f56b0280fe5bdae26df8c"
        "b292797590c673ae0f46bcf92f";
static const char digest_text[] =
        "0b8a50d6a4c99d6d3dbded734218a97a460f09a05704761b63b15ed8b07c7b11";
static const char name_text[] =
        "000b7b08f459657c3af10c6c21b65ff7fc57260f4259f4028879798b37fa90aa8ecf";

static void decode(const char *text, uint8_t *ret, size_t size)
{
        expect_integer(hex_decode(view_string(text), ret, size), 0);
}

static void test_digest(void)
{
        uint8_t response[(sizeof(response_text) - 1) / 2], name[COMMAND_AUDIT_NAME_SIZE];
        struct sha256 digest = {}, list = command_audit_list(), expected;
        struct view attest, signature;
        struct attest_audit parsed;

        decode(response_text, response, sizeof(response));
        decode(name_text, name, sizeof(name));
        decode(digest_text, expected.bytes, SHA256_SIZE);
        command_audit_add_look(&digest, view_of(name, sizeof(name)),
                               view_of("qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq", 32),
                               view_of(response, sizeof(response)));
        expect_view(sha256_view(&digest), sha256_view(&expected));
        expect_integer(
                command_audit_read_look(view_of(response, sizeof(response)), &attest, &signature),
                0);
        expect_integer(attest_parse_audit(attest, &parsed, NULL), 0);
        expect_view(parsed.commands, sha256_view(&list));
}

/* Leading zeros come back, however short DER has made the numbers. */
static void test_signature(void)
{
        static const uint8_t der[] = {0x30, 0x07, 0x02, 0x01, 0x05, 0x02, 0x02, 0x00, 0x80};
        _cleanup_(buf_done) struct buf bytes = {}, again = {};
        const struct algorithm *algorithm = algorithm_find("ecdsa-p256");

        expect_integer(command_audit_put_signature(&bytes, algorithm, view_of(der, sizeof(der))),
                       0);
        expect_integer(bytes.size, 4 + 2 * 34);
        expect_integer(bytes.data[4 + 33], 5);
        expect_integer(bytes.data[4 + 67], 0x80);
        expect_integer(command_audit_read_signature(buf_view(&bytes), algorithm, &again), 0);
        expect_view(buf_view(&again), view_of(der, sizeof(der)));
}

static void test_refused(void)
{
        static const uint8_t der[] = {0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x07, 0x00};
        static const uint8_t rsa[] = {0x00, 0x14, 0x00, 0x0b, 0x00, 0x01, 0x07};
        const struct algorithm *ecdsa = algorithm_find("ecdsa-p256");
        _cleanup_(buf_done) struct buf bytes = {};
        struct view attest, signature;

        expect_integer(command_audit_put_signature(&bytes, ecdsa, view_of(der, sizeof(der))),
                       -EBADMSG);
        expect_integer(command_audit_put_signature(&bytes, ecdsa, view_of(der, 4)), -EBADMSG);
        expect_integer(command_audit_read_signature(view_of(rsa, sizeof(rsa)), ecdsa, &bytes),
                       -EBADMSG);
        expect_integer(command_audit_read_signature(view_of(rsa, sizeof(rsa) - 1),
                                                    algorithm_find("rsa-2048"), &bytes),
                       -EBADMSG);
        expect_integer(command_audit_read_look(view_of(rsa, 2), &attest, &signature), -EBADMSG);
        expect_integer(command_audit_read_look(view_of("\0\1x", 3), &attest, &signature), -EBADMSG);
}

int main(void)
{
        test_digest();
        test_signature();
        test_refused();
        return test_result();
}
