/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/creation.h"
#include "tests/test.h"

#include <errno.h>

#define CREATION                                                                                   \
        "\0\0\0\2"                                                                                 \
        "\0\4\0"                                                                                   \
        "\0\x0b\3\x81\0\x80"                                                                       \
        "\0\3pcr"                                                                                  \
        "\1"                                                                                       \
        "\0\x0b"                                                                                   \
        "\0\6parent"                                                                               \
        "\0\5above"                                                                                \
        "\0\7outside"

static void test_good(void)
{
        _cleanup_(buf_done) struct buf registers = {};
        struct creation creation;

        expect_integer(creation_parse(view_of(CREATION, sizeof(CREATION) - 1), &creation, NULL), 0);
        expect_text(creation.registers, "pcr");
        expect_integer(creation.locality, CREATION_LOCALITY_ZERO);
        expect_integer(creation.parent_hash, 0xb);
        expect_text(creation.parent, "parent");
        expect_text(creation.parent_qualified, "above");
        expect_text(creation.outside, "outside");
        creation_put_registers(&registers, &creation);
        expect_text(buf_view(&registers), "sha1 sha256:0,7,23");
}

static void expect_malformed(struct view bytes)
{
        struct problem problem = {};
        struct creation creation;

        expect_integer(creation_parse(bytes, &creation, &problem), -EBADMSG);
        expect_text(view_string(problem.text), "creation data: malformed");
}

static void test_malformed(void)
{
        uint8_t bytes[sizeof(CREATION)];

        memcpy(bytes, CREATION, sizeof(bytes));
        for (size_t size = 0; size < sizeof(bytes) - 1; size++)
                expect_malformed(view_of(bytes, size));
        test_label = "longer";
        expect_malformed(view_of(bytes, sizeof(bytes)));
        test_label = "registers without end";
        bytes[9] = 5;
        expect_malformed(view_of(bytes, sizeof(bytes) - 1));
        test_label = "banks without end";
        bytes[2] = 0xff;
        expect_malformed(view_of(bytes, sizeof(bytes) - 1));
        test_label = "";
}

static void test_created_for(void)
{
        static const struct {
                const char *text, *reason;
        } cases[] = {
                {"{\"key\":\"a\",\"origin\":\"o\",\"request\":\"1.1\","
                 "\"time\":\"2026-11-25T10:00:00.000000Z\",\"version\":1}",
                 ""},
                {"{\"key\":\"a\",\"origin\":\"o\",\"time\":\"2026-11-25T10:00:00.000000Z\","
                 "\"version\":4294967295}",
                 ""},
                {"{\"key\":\"a\",\"origin\":\"o\",\"time\":\"today\",\"version\":1}", "form"},
                {"{\"key\":\"/\",\"origin\":\"o\",\"time\":\"2026-11-25T10:00:00.000000Z\","
                 "\"version\":1}",
                 "form"},
                {"{\"key\":\"a\",\"origin\":\"\",\"time\":\"2026-11-25T10:00:00.000000Z\","
                 "\"version\":1}",
                 "form"},
                {"{\"key\":\"a\",\"origin\":\"o\",\"time\":\"2026-11-25T10:00:00.000000Z\","
                 "\"version\":0}",
                 "form"},
                {"{\"key\":\"a\",\"origin\":\"o\",\"time\":\"2026-11-25T10:00:00.000000Z\","
                 "\"version\":4294967296}",
                 "form"},
                {"{\"key\":\"a\",\"origin\":\"o\",\"request\":null,"
                 "\"time\":\"2026-11-25T10:00:00.000000Z\",\"version\":1}",
                 "form"},
                {"{\"key\":\"a\",\"origin\":\"o\",\"time\":\"2026-11-25T10:00:00.000000Z\"}",
                 "createdFor: member \"version\" is missing"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                struct problem problem = {};
                json_t *object = NULL;

                test_label = cases[i].text;
                expect_integer(json_parse_object(view_string(cases[i].text), &object, NULL), 0);
                expect_integer(created_for_check(object, &problem),
                               cases[i].reason[0] ? -EBADMSG : 0);
                expect_text(view_string(problem.text),
                            string_equal(cases[i].reason, "form")
                                    ? "createdFor: expected a key with its version, an origin and "
                                      "a time"
                                    : cases[i].reason);
                json_decref(object);
        }
        test_label = "";
}

/* As sha256sum has it. */
static void test_digest(void)
{
        json_t *object =
                created_for_new("model", 2, "example.org/host", "2026-11-25T10:00:00.000000Z", "");
        char hex[HEX_SIZE(SHA256_SIZE)];
        struct sha256 digest;

        expect(object);
        expect_integer(created_for_check(object, NULL), 0);
        expect_integer(created_for_digest(object, &digest), 0);
        expect_text(view_string(hex_encode(sha256_view(&digest), hex)),
                    "da450d9d9f448e3a81f5f5a69414fe1f1a61ce0c3835872027082691697409f8");
        json_decref(object);
}

int main(void)
{
        test_good();
        test_malformed();
        test_created_for();
        test_digest();
        return test_result();
}
