/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/utf8.h"
#include "tests/test.h"

/* First and last character of each length, and what RFC 3629 §3 and §10 warn of. */
static void test_characters(void)
{
        static const struct {
                const char *text;
                size_t length;
        } rows[] = {
                {"", 0},
                {"a", 1},
                {"\x7f", 1},
                {"\xc2\x80", 2},
                {"\xdf\xbf", 2},
                {"\xe0\xa0\x80", 3},
                {"\xed\x9f\xbf", 3},
                {"\xee\x80\x80", 3},
                {"\xef\xbf\xbf", 3},
                {"\xf0\x90\x80\x80", 4},
                {"\xf4\x8f\xbf\xbf", 4},
                {"\x80", 0},
                {"\xbf\xbf", 0},
                {"\xc0\x80", 0},
                {"\xc1\xbf", 0},
                {"\xc2", 0},
                {"\xc2\x7f", 0},
                {"\xc2\xc0", 0},
                {"\xe0\x9f\xbf", 0},
                {"\xe0\xa0", 0},
                {"\xe1\x80\x7f", 0},
                {"\xe1\x80\xc0", 0},
                {"\xed\xa0\x80", 0},
                {"\xed\xbf\xbf", 0},
                {"\xf0\x8f\xbf\xbf", 0},
                {"\xf0\x90\x80", 0},
                {"\xf1\x80\x80\xc0", 0},
                {"\xf4\x90\x80\x80", 0},
                {"\xf5\x80\x80\x80", 0},
                {"\xfe", 0},
                {"\xff", 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct view text = view_string(rows[i].text);

                test_label = rows[i].text;
                expect_integer(utf8_length(text), rows[i].length);
                expect_integer(utf8_is_valid(text), rows[i].length > 0 || text.size == 0);
        }
        test_label = "";
}

/* Every code point that fits two and three bytes, encoded here by the definition. */
static void test_all_of_the_basic_plane(void)
{
        for (unsigned point = 0x80; point < 0x10000; point++) {
                uint8_t bytes[3];
                size_t size = 0;

                if (point < 0x800) {
                        bytes[size++] = (uint8_t)(0xc0 | point >> 6);
                } else {
                        bytes[size++] = (uint8_t)(0xe0 | point >> 12);
                        bytes[size++] = (uint8_t)(0x80 | (point >> 6 & 0x3f));
                }
                bytes[size++] = (uint8_t)(0x80 | (point & 0x3f));
                if (point >= 0xd800 && point < 0xe000)
                        expect_integer(utf8_length(view_of(bytes, size)), 0);
                else
                        expect_integer(utf8_length(view_of(bytes, size)), size);
        }
}

static void test_valid_text(void)
{
        expect(utf8_is_valid(view_of(NULL, 0)));
        expect(utf8_is_valid(view_string("na\xc3\xafve \xe2\x80\x94 \xf0\x9f\x94\x91")));
        expect(utf8_is_valid(view_of("a\0b", 3)));
        expect(!utf8_is_valid(view_string("na\xc3\xafve\xc3")));
        expect(!utf8_is_valid(view_string("\xff"
                                          "abc")));
}

static void test_control(void)
{
        expect(utf8_is_control(view_of("\0", 1)));
        expect(utf8_is_control(view_string("\x1b[")));
        expect(utf8_is_control(view_string("\x7f")));
        expect(utf8_is_control(view_string("\xc2\x80")));
        expect(utf8_is_control(view_string("\xc2\x9b")));
        expect(utf8_is_control(view_string("\xc2\x9f")));
        expect(!utf8_is_control(view_string("\xc2\xa0")));
        expect(!utf8_is_control(view_string("\xc3\x80")));
        expect(!utf8_is_control(view_string(" ")));
        expect(!utf8_is_control(view_string("")));
        expect(!utf8_is_control(view_string("\x9b")));
}

static void test_space(void)
{
        static const char *const spaces[] = {
                "\t",           "\n",           "\v",
                "\f",           "\r",           " ",
                "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80",
                "\xe2\x80\x80", "\xe2\x80\x8a", "\xe2\x80\xa8",
                "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
                "\xe3\x80\x80",
        };
        static const char *const others[] = {
                "",
                "\b",
                "!",
                "a",
                "\xc2\x84",
                "\xc2\xa1",
                "\xe1\x9a\x81",
                "\xe2\x80\x8b",
                "\xe3\x80\x81",
                "\xc2",
                "\xf0\x92\x80\x80",
        };

        for (size_t i = 0; i < ARRAY_SIZE(spaces); i++)
                expect(utf8_is_space(view_string(spaces[i])));
        for (size_t i = 0; i < ARRAY_SIZE(others); i++)
                expect(!utf8_is_space(view_string(others[i])));
}

static void test_printable(void)
{
        static const struct {
                const char *text, *expected;
        } texts[] = {
                {"", ""},
                {"a \xc3\xa4 \xf0\x9f\x98\x80", "a \xc3\xa4 \xf0\x9f\x98\x80"},
                {"a\n\x1b[1m\x7f", "a??[1m?"},
                {"\xc2\x9b", "??"},
                {"Schl\xfcssel", "Schl?ssel"},
                {"cut \xe2\x82", "cut ??"},
                {"\xed\xa0\x80", "???"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(freep) char *text = strdup(texts[i].text);

                assert(text);
                utf8_make_printable(text);
                expect_text(view_string(text), texts[i].expected);
        }
}

int main(void)
{
        test_printable();
        test_space();
        test_characters();
        test_all_of_the_basic_plane();
        test_valid_text();
        test_control();
        return test_result();
}
