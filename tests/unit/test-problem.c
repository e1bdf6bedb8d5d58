/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/problem.h"
#include "lib/utf8.h"
#include "tests/test.h"

#include <errno.h>

static void test_returns_the_error(void)
{
        struct problem problem = {};

        expect_integer(problem_set(NULL, -EBADMSG, "x"), -EBADMSG);
        expect_integer(problem_prefix(NULL, -ENOKEY, "x"), -ENOKEY);
        expect_integer(problem_set(&problem, -EIO, "%d of %s", 3, "four"), -EIO);
        expect(string_equal(problem.text, "3 of four"));
        expect_integer(problem_prefix(&problem, -EIO, "line %d", 7), -EIO);
        expect(string_equal(problem.text, "line 7: 3 of four"));
}

static void test_first_wins(void)
{
        struct problem problem = {};

        (void)problem_set(&problem, -EBADMSG, "first");
        expect_integer(problem_set(&problem, -EIO, "second"), -EIO);
        expect(string_equal(problem.text, "first"));
}

static void test_text_without_a_reason(void)
{
        struct problem problem = {};

        expect(string_equal(problem_text(NULL, -ENOSPC), "No space left on device"));
        expect(string_equal(problem_text(&problem, -ENOSPC), "No space left on device"));
        (void)problem_prefix(&problem, -ENOSPC, "journal");
        expect(string_equal(problem_text(&problem, -ENOSPC), "journal: No space left on device"));
}

static void test_printable(void)
{
        static const struct {
                const char *found, *text;
        } rows[] = {
                {"a\nb\tc\x1b[31m\x7f", "a?b?c?[31m?"},
                {"\x01\x1f ", "?? "},
                {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91",
                 "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x91"},
                {"\xc2\x9b"
                 "31m",
                 "??31m"},
                {"\xc2\xa0", "\xc2\xa0"},
                {"cut \xe2\x82", "cut ??"},
                {"\xff\xfe", "??"},
                {"\xc0\x80\xed\xa0\x80", "?????"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct problem set = {}, prefixed = {};

                (void)problem_set(&set, -EBADMSG, "%s", rows[i].found);
                expect_text(view_string(set.text), rows[i].text);
                (void)problem_prefix(&prefixed, -EBADMSG, "%s", rows[i].found);
                expect(strncmp(prefixed.text, rows[i].text, strlen(rows[i].text)) == 0);
        }
}

/* Characters of two bytes, so that every limit inside falls between two bytes for one of the
 * offsets. */
static void test_long_text_is_cut_and_stays_valid(void)
{
        char text[2 * PROBLEM_TEXT_MAX + 2];

        for (size_t offset = 0; offset < 2; offset++) {
                struct problem problem = {};

                text[0] = 'x';
                for (size_t i = offset; i + 1 < sizeof(text) - 1; i += 2)
                        memcpy(text + i, "\xc3\xa9", 2);
                text[sizeof(text) - 2 + offset] = '\0';
                (void)problem_set(&problem, -EBADMSG, "%s", text);
                expect_integer(strlen(problem.text), PROBLEM_TEXT_MAX - 1);
                expect(utf8_is_valid(view_string(problem.text)));
                (void)problem_prefix(&problem, -EBADMSG, "%s", text);
                expect_integer(strlen(problem.text), 200 + strlen(": ") + 300);
                expect(utf8_is_valid(view_string(problem.text)));
        }
}

static void test_prefixes_add_up(void)
{
        struct problem problem = {};

        (void)problem_set(&problem, -EBADMSG, "found 3");
        (void)problem_prefix(&problem, -EBADMSG, "member \"%s\"", "v");
        (void)problem_prefix(&problem, -EBADMSG, "record %d", 12);
        expect(string_equal(problem.text, "record 12: member \"v\": found 3"));
}

int main(void)
{
        test_returns_the_error();
        test_first_wins();
        test_text_without_a_reason();
        test_printable();
        test_long_text_is_cut_and_stays_valid();
        test_prefixes_add_up();
        return test_result();
}
