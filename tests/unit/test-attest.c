/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"
#include "lib/attest.h"

#include <errno.h>

#define HEAD "\xff\x54\x43\x47\x80\x15"
#define REST                                                                                       \
        "\0\2na"                                                                                   \
        "\0\1q"                                                                                    \
        "\0\0\0\0\0\0\0\5\0\0\0\2\0\0\0\3\1"                                                       \
        "\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0\x9"                                                        \
        "\0\xb"                                                                                    \
        "\0\3dig"                                                                                  \
        "\0\4list"
#define GOOD HEAD REST

static void test_good(void)
{
        struct attest_audit attest;

        expect_integer(attest_parse_audit(view_of(GOOD, sizeof(GOOD) - 1), &attest, NULL), 0);
        expect_text(attest.head.signer, "na");
        expect_text(attest.head.qualifying, "q");
        expect_integer(attest.head.clock, 5);
        expect_integer(attest.head.reset_count, 2);
        expect_integer(attest.head.restart_count, 3);
        expect_integer(attest.head.safe, 1);
        expect_integer(attest.head.firmware, 7);
        expect_integer(attest.counter, 9);
        expect_integer(attest.algorithm, 11);
        expect_text(attest.digest, "dig");
        expect_text(attest.commands, "list");
}

static void expect_refused(const char *label, struct view bytes, const char *reason)
{
        struct problem problem = {};
        struct attest_audit attest;

        test_label = label;
        expect_integer(attest_parse_audit(bytes, &attest, &problem), -EBADMSG);
        expect_text(view_string(problem.text), reason);
        test_label = "";
}

static void test_refused(void)
{
        uint8_t bytes[sizeof(GOOD)];

        memcpy(bytes, GOOD, sizeof(GOOD));
        expect_refused("nothing", view_of("", 0),
                       "attestation: does not begin as what a TPM makes");
        bytes[0] = 0xfe;
        expect_refused("not generated", view_of(bytes, sizeof(GOOD) - 1),
                       "attestation: does not begin as what a TPM makes");
        bytes[0] = 0xff;
        bytes[5] = 0x18;
        expect_refused("quote", view_of(bytes, sizeof(GOOD) - 1),
                       "attestation: expected one of audited commands (0x8015), found type 0x8018");
        bytes[5] = 0x15;
        for (size_t size = 6; size < sizeof(GOOD) - 1; size++)
                expect_refused("cut", view_of(bytes, size), "attestation: malformed");
        expect_refused("longer", view_of(bytes, sizeof(GOOD)), "attestation: malformed");
        bytes[29] = 2;
        expect_refused("neither yes nor no", view_of(bytes, sizeof(GOOD) - 1),
                       "attestation: malformed");
}

/* TPM2_NV_Certify() over 8 bytes. */
static void put_count(struct buf *ret, uint16_t type, uint16_t offset, uint8_t safe)
{
        buf_put_u32(ret, 0xff544347);
        buf_put_u16(ret, type);
        buf_put_u16(ret, 2);
        buf_put_string(ret, "AK");
        buf_put_u16(ret, 0);
        buf_put_u64(ret, 1234);
        buf_put_u32(ret, 3);
        buf_put_u32(ret, 1);
        buf_put_u8(ret, safe);
        buf_put_u64(ret, 7);
        buf_put_u16(ret, 4);
        buf_put_string(ret, "Name");
        buf_put_u16(ret, offset);
        buf_put_u16(ret, 8);
        buf_put_u32(ret, 5);
        buf_put_u32(ret, 9);
}

static void test_count(void)
{
        static const struct {
                uint16_t type, offset;
                uint8_t safe;
                const char *problem;
        } bad[] = {
                {0x8015, 0, 1,
                 "attestation: expected one of an NV index (0x8014), found type 0x8015"},
                {0x8014, 1, 1, "attestation: malformed"},
                {0x8014, 0, 2, "attestation: malformed"},
        };
        _cleanup_(buf_done) struct buf good = {};
        struct attest_count count = {};

        put_count(&good, 0x8014, 0, 1);
        expect_integer(attest_parse_count(buf_view(&good), &count, NULL), 0);
        expect_integer(count.uses, 5);
        expect_integer(count.limit, 9);
        expect_integer(count.head.clock, 1234);
        expect_integer(count.head.reset_count, 3);
        expect(view_is(count.index, "Name") && view_is(count.head.signer, "AK"));
        for (size_t size = 0; size < good.size; size++)
                expect_integer(attest_parse_count(view_of(good.data, size), &count, NULL),
                               -EBADMSG);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                _cleanup_(buf_done) struct buf bytes = {};
                struct problem problem = {};

                put_count(&bytes, bad[i].type, bad[i].offset, bad[i].safe);
                expect_integer(attest_parse_count(buf_view(&bytes), &count, &problem), -EBADMSG);
                expect_text(view_string(problem.text), bad[i].problem);
        }
}

/* The same bytes, as one number. */
static void test_counter(void)
{
        struct attest_counter counter = {};
        _cleanup_(buf_done) struct buf good = {}, quote = {}, part = {};

        put_count(&good, 0x8014, 0, 1);
        expect_integer(attest_parse_counter(buf_view(&good), &counter, NULL), 0);
        expect_integer(counter.value, (uint64_t)5 << 32 | 9);
        expect_integer(counter.head.clock, 1234);
        expect(view_is(counter.index, "Name") && view_is(counter.head.signer, "AK"));
        for (size_t size = 0; size < good.size; size++)
                expect_integer(attest_parse_counter(view_of(good.data, size), &counter, NULL),
                               -EBADMSG);
        put_count(&quote, 0x8018, 0, 1);
        expect_integer(attest_parse_counter(buf_view(&quote), &counter, NULL), -EBADMSG);
        put_count(&part, 0x8014, 8, 1);
        expect_integer(attest_parse_counter(buf_view(&part), &counter, NULL), -EBADMSG);
}

int main(void)
{
        test_counter();
        test_good();
        test_refused();
        test_count();
        return test_result();
}
