/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <errno.h>

static void test_integers_are_big_endian(void)
{
        static const uint8_t expected[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                           0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f};
        _cleanup_(buf_done) struct buf buf = {};

        buf_put_u8(&buf, 0x01);
        buf_put_u16(&buf, 0x0203);
        buf_put_u32(&buf, 0x04050607);
        buf_put_u64(&buf, 0x08090a0b0c0d0e0f);
        expect_integer(buf_error(&buf), 0);
        expect_view(buf_view(&buf), view_of(expected, sizeof(expected)));
}

static void test_decimal(void)
{
        static const struct {
                uint64_t value;
                const char *text;
        } rows[] = {
                {0, "0"},
                {1, "1"},
                {10, "10"},
                {4294967296, "4294967296"},
                {UINT64_MAX, "18446744073709551615"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(buf_done) struct buf buf = {};

                buf_put_decimal(&buf, rows[i].value);
                expect_text(buf_view(&buf), rows[i].text);
        }
}

static void test_format_grows(void)
{
        _cleanup_(buf_done) struct buf buf = {};
        char expected[1001];

        for (size_t i = 0; i < 1000; i++)
                expected[i] = 'x';
        expected[1000] = '\0';
        buf_put_format(&buf, "%s", expected);
        expect_text(buf_view(&buf), expected);
        buf_put_format(&buf, "%s", "");
        expect_integer(buf.size, 1000);
}

static void test_sized(void)
{
        static const uint8_t expected[] = {0, 0, 0, 2, 'a', 'b', 0, 0, 0, 0};
        _cleanup_(buf_done) struct buf buf = {};

        buf_put_sized(&buf, view_string("ab"));
        buf_put_sized(&buf, view_of(NULL, 0));
        expect_view(buf_view(&buf), view_of(expected, sizeof(expected)));
}

static void test_sized_of_more_than_32_bits(void)
{
        struct buf buf = {};

        buf_put_sized(&buf, view_of("", (size_t)UINT32_MAX + 1));
        expect_integer(buf_error(&buf), -EMSGSIZE);
        expect_integer(buf.size, 0);
        buf_done(&buf);
}

/* Every limit around the capacities that a buf grows through: @limit bytes fit, one more does not.
 */
static void test_limit_is_exact(void)
{
        static const size_t limits[] = {1, 2, 255, 256, 257, 511, 512, 513, 4096, 65536};

        for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
                _cleanup_(buf_done) struct buf buf = BUF_INIT(limits[i]);

                for (size_t n = 0; n < limits[i]; n++)
                        buf_put_u8(&buf, (uint8_t)n);
                expect_integer(buf_error(&buf), 0);
                expect_integer(buf.size, limits[i]);
                buf_put_u8(&buf, 0);
                expect_integer(buf_error(&buf), -EMSGSIZE);
                expect_integer(buf.size, limits[i]);
        }
}

static void test_default_limit(void)
{
        _cleanup_(buf_done) struct buf buf = {};

        expect(!buf_reserve(&buf, BUF_LIMIT_DEFAULT + 1));
        expect_integer(buf_error(&buf), -EMSGSIZE);
        buf_clear(&buf);
        expect(buf_reserve(&buf, BUF_LIMIT_DEFAULT));
        expect_integer(buf_error(&buf), 0);
}

static void test_size_that_would_wrap(void)
{
        _cleanup_(buf_done) struct buf buf = {};

        buf_put_u8(&buf, 1);
        expect(!buf_reserve(&buf, SIZE_MAX));
        expect_integer(buf_error(&buf), -EMSGSIZE);
}

/* What would have fitted is not written any more either: no text with a hole in the middle. */
static void test_error_sticks(void)
{
        _cleanup_(buf_done) struct buf buf = BUF_INIT(4);
        void *data = &buf;
        size_t size = 77;

        buf_put_string(&buf, "abc");
        buf_put_string(&buf, "de");
        buf_put_u8(&buf, 'f');
        buf_put_format(&buf, "%d", 1);
        buf_put_sized(&buf, view_of(NULL, 0));
        expect_text(buf_view(&buf), "abc");
        expect_integer(buf_error(&buf), -EMSGSIZE);
        expect_integer(buf_take(&buf, &data, &size), -EMSGSIZE);
        expect(data == &buf);
        expect_integer(size, 77);
        buf_clear(&buf);
        buf_put_string(&buf, "wxyz");
        expect_integer(buf_error(&buf), 0);
        expect_text(buf_view(&buf), "wxyz");
}

static void test_done_forgets_the_error_and_keeps_the_limit(void)
{
        struct buf buf = BUF_INIT(2);

        buf_put_string(&buf, "abc");
        expect_integer(buf_error(&buf), -EMSGSIZE);
        buf_done(&buf);
        expect_integer(buf_error(&buf), 0);
        buf_put_string(&buf, "ab");
        expect_integer(buf_error(&buf), 0);
        buf_put_u8(&buf, 'c');
        expect_integer(buf_error(&buf), -EMSGSIZE);
        buf_wipe(&buf);
        expect(!buf.data);
        expect_integer(buf.limit, 2);
        buf_done(NULL);
        buf_wipe(NULL);
}

/* Sizes on both sides of each capacity, since the NUL takes the byte after the last one. */
static void test_take_ends_with_nul(void)
{
        static const size_t sizes[] = {0, 1, 255, 256, 257, 511, 512, 513};

        for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
                _cleanup_(freep) char *text = NULL;
                struct buf buf = BUF_INIT(sizes[i] ? sizes[i] : 1);
                size_t size = SIZE_MAX;

                for (size_t n = 0; n < sizes[i]; n++)
                        buf_put_u8(&buf, 'x');
                expect_integer(buf_take(&buf, &text, &size), 0);
                expect_integer(size, sizes[i]);
                expect_integer(strlen(text), sizes[i]);
                expect(!buf.data);
                expect_integer(buf.size, 0);
                expect_integer(buf.limit, sizes[i] ? sizes[i] : 1);
        }
}

static void test_take_without_size(void)
{
        _cleanup_(freep) char *text = NULL;
        struct buf buf = {};

        buf_put_string(&buf, "ab");
        expect_integer(buf_take(&buf, &text, NULL), 0);
        expect(string_equal(text, "ab"));
}

static void test_consume(void)
{
        _cleanup_(buf_done) struct buf buf = BUF_INIT(6);

        buf_put_string(&buf, "abcdef");
        buf_consume(&buf, 0);
        expect_text(buf_view(&buf), "abcdef");
        buf_consume(&buf, 2);
        expect_text(buf_view(&buf), "cdef");
        buf_put_string(&buf, "gh");
        expect_integer(buf_error(&buf), 0);
        expect_text(buf_view(&buf), "cdefgh");
        buf_consume(&buf, 6);
        expect_integer(buf.size, 0);
        buf_put_string(&buf, "z");
        expect_text(buf_view(&buf), "z");
}

static void test_reserve_and_grown(void)
{
        _cleanup_(buf_done) struct buf buf = BUF_INIT(300);
        uint8_t *room = buf_reserve(&buf, 300);

        expect(room != NULL);
        if (!room)
                return;
        memcpy(room, "abc", 3);
        buf_grown(&buf, 2);
        expect_text(buf_view(&buf), "ab");
}

static void test_views(void)
{
        _cleanup_(freep) char *copy = view_dup(view_of("abcd", 2));
        _cleanup_(freep) char *empty = view_dup(view_of(NULL, 0));

        expect(copy && string_equal(copy, "ab"));
        expect(empty && string_equal(empty, ""));
        expect(view_is(view_of("abcd", 2), "ab"));
        expect(!view_is(view_of("abcd", 2), "a"));
        expect(!view_is(view_of("abcd", 2), "abc"));
        expect(!view_is(view_of("ab\0c", 4), "ab"));
        expect(view_is(view_of(NULL, 0), ""));
        expect(view_equal(view_of(NULL, 0), view_of("x", 0)));
        expect(!view_equal(view_of("ax", 2), view_of("ay", 2)));
}

int main(void)
{
        test_integers_are_big_endian();
        test_decimal();
        test_format_grows();
        test_sized();
        test_sized_of_more_than_32_bits();
        test_limit_is_exact();
        test_default_limit();
        test_size_that_would_wrap();
        test_error_sticks();
        test_done_forgets_the_error_and_keeps_the_limit();
        test_take_ends_with_nul();
        test_take_without_size();
        test_consume();
        test_reserve_and_grown();
        test_views();
        return test_result();
}
