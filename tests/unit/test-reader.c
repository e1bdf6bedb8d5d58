/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/reader.h"
#include "tests/test.h"

#include <errno.h>

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

static void test_integers_are_big_endian(void)
{
        struct reader reader = reader_init(view_of(bytes, sizeof(bytes)));

        expect_integer(reader_u8(&reader), 1);
        expect_integer(reader_u16(&reader), 0x0203);
        expect_integer(reader_u32(&reader), 0x04050607);
        expect_integer(reader_end(&reader), -EBADMSG);
        expect_integer(reader_u64(&reader), 0x08090a0b0c0d0e0f);
        expect_integer(reader_end(&reader), 0);
}

static uint64_t read_integer(struct reader *reader, size_t size)
{
        switch (size) {
        case 1:
                return reader_u8(reader);
        case 2:
                return reader_u16(reader);
        case 4:
                return reader_u32(reader);
        default:
                return reader_u64(reader);
        }
}

/* Any integer out of fewer bytes than it takes: zero, not what there is of it, and bad for good. */
static void test_integers_past_the_end(void)
{
        static const size_t sizes[] = {1, 2, 4, 8};

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                for (size_t there = 0; there < sizes[i]; there++) {
                        struct reader reader = reader_init(view_of(bytes, there));

                        expect_integer(read_integer(&reader, sizes[i]), 0);
                        expect(reader.bad);
                        expect_integer(reader_end(&reader), -EBADMSG);
                }
        }
}

static void test_bad_stays_bad(void)
{
        struct reader reader = reader_init(view_of(bytes, sizeof(bytes)));

        expect_integer(reader_bytes(&reader, sizeof(bytes) + 1).size, 0);
        expect_integer(reader_u8(&reader), 0);
        expect_integer(reader_bytes(&reader, 0).size, 0);
        expect_integer(reader_rest(&reader).size, 0);
        expect_integer(reader_sized(&reader).size, 0);
        expect_integer(reader_until(&reader, 1).size, 0);
        reader_expect(&reader, "");
        expect_integer(reader_end(&reader), -EBADMSG);
}

static void test_fail_with_nothing_left(void)
{
        struct reader reader = reader_init(view_of(bytes, 1));

        expect_integer(reader_u8(&reader), 1);
        expect_integer(reader_end(&reader), 0);
        reader_fail(&reader);
        expect_integer(reader_end(&reader), -EBADMSG);
}

static void test_nothing_at_all(void)
{
        struct reader reader = reader_init(view_of(NULL, 0));

        expect_integer(reader_bytes(&reader, 0).size, 0);
        expect_integer(reader_rest(&reader).size, 0);
        reader_expect(&reader, "");
        expect_integer(reader_end(&reader), 0);
        expect_integer(reader_until(&reader, '\n').size, 0);
        expect_integer(reader_end(&reader), -EBADMSG);
}

static void test_views_borrow(void)
{
        struct reader reader = reader_init(view_of(bytes, sizeof(bytes)));

        expect(reader_bytes(&reader, 3).data == bytes);
        expect(reader_rest(&reader).data == bytes + 3);
        expect_integer(reader_end(&reader), 0);
}

static void test_sized(void)
{
        static const struct {
                const char *label;
                struct view input;
                int r;
                const char *value;
        } rows[] = {
                {"exact", {(const uint8_t *)"\0\0\0\2ab", 6}, 0, "ab"},
                {"empty", {(const uint8_t *)"\0\0\0\0", 4}, 0, ""},
                {"one left over", {(const uint8_t *)"\0\0\0\1ab", 6}, -EBADMSG, "a"},
                {"one too few", {(const uint8_t *)"\0\0\0\3ab", 6}, -EBADMSG, ""},
                {"length cut short", {(const uint8_t *)"\0\0\0", 3}, -EBADMSG, ""},
                {"length of 4 GiB",
                 {(const uint8_t *)"\xff\xff\xff\xff"
                                   "ab",
                  6},
                 -EBADMSG,
                 ""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct reader reader = reader_init(rows[i].input);

                test_label = rows[i].label;
                expect_text(reader_sized(&reader), rows[i].value);
                expect_integer(reader_end(&reader), rows[i].r);
        }
        test_label = "";
}

static void test_until(void)
{
        struct reader reader = reader_init(view_string("one\n\ntwo"));

        expect_text(reader_until(&reader, '\n'), "one");
        expect_text(reader_until(&reader, '\n'), "");
        expect(!reader.bad);
        expect_text(reader_until(&reader, '\n'), "");
        expect(reader.bad);
        reader = reader_init(view_string("one\n"));
        expect_text(reader_until(&reader, '\n'), "one");
        expect_integer(reader_end(&reader), 0);
}

static void test_expect(void)
{
        static const struct {
                const char *input, *expected;
                int r;
        } rows[] = {
                {"abc", "abc", 0},        {"abc", "ab", -EBADMSG}, {"ab", "abc", -EBADMSG},
                {"abd", "abc", -EBADMSG}, {"", "a", -EBADMSG},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct reader reader = reader_init(view_string(rows[i].input));

                test_label = rows[i].input;
                reader_expect(&reader, rows[i].expected);
                expect_integer(reader_end(&reader), rows[i].r);
        }
        test_label = "";
}

static void test_decimal(void)
{
        static const struct {
                const char *text;
                int r;
                uint64_t value;
        } rows[] = {
                {"0", 0, 0},
                {"1", 0, 1},
                {"9", 0, 9},
                {"10", 0, 10},
                {"18446744073709551615", 0, UINT64_MAX},
                {"18446744073709551614", 0, UINT64_MAX - 1},
                {"9999999999999999999", 0, 9999999999999999999u},
                {"18446744073709551616", -EBADMSG, 0},
                {"18446744073709551620", -EBADMSG, 0},
                {"20000000000000000000", -EBADMSG, 0},
                {"184467440737095516150", -EBADMSG, 0},
                {"99999999999999999999999999999999999999999", -EBADMSG, 0},
                {"", -EBADMSG, 0},
                {"00", -EBADMSG, 0},
                {"01", -EBADMSG, 0},
                {"-1", -EBADMSG, 0},
                {"+1", -EBADMSG, 0},
                {" 1", -EBADMSG, 0},
                {"1 ", -EBADMSG, 0},
                {"1\n", -EBADMSG, 0},
                {"1a", -EBADMSG, 0},
                {"0x1", -EBADMSG, 0},
                {"1.", -EBADMSG, 0},
                {"1:", -EBADMSG, 0},
                {"/", -EBADMSG, 0},
                {"\xb1", -EBADMSG, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                uint64_t value = 77;

                test_label = rows[i].text;
                expect_integer(view_parse_decimal(view_string(rows[i].text), &value), rows[i].r);
                expect(value == (rows[i].r == 0 ? rows[i].value : 77));
        }
        test_label = "";
}

int main(void)
{
        test_integers_are_big_endian();
        test_integers_past_the_end();
        test_bad_stays_bad();
        test_fail_with_nothing_left();
        test_nothing_at_all();
        test_views_borrow();
        test_sized();
        test_until();
        test_expect();
        test_decimal();
        return test_result();
}
