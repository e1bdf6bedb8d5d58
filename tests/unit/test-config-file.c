/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/config.h"

static void test_lines(void)
{
        static const struct row rows[] = {
                {"key before section", "Origin=x\n",
                 "f:1: expected a heading [KIND NAME] before the first Key=value, found \"Origin=x\""},
                {"no equals", GOOD "Origin\n",
                 "f:13: expected [KIND NAME], Key=value or a comment, found \"Origin\""},
                {"colon", GOOD "Origin:a=b\n",
                 "f:13: expected [KIND NAME], Key=value or a comment, found \"Origin:a=b\""},
                {"no key", GOOD "=b\n",
                 "f:13: expected [KIND NAME], Key=value or a comment, found \"=b\""},
                {"indented", GOOD GRANT " Key=x\n",
                 "f:16: expected a line that does not begin with a blank, found \" Key=x\""},
                {"indented heading", GOOD "\t[Grant g]\n",
                 "f:13: expected a line that does not begin with a blank, found \"?[Grant g]\""},
                {"comment behind a value", GOOD GRANT "Rate=1/s ; slow\n",
                 "f:16: expected a comment in a line of its own, found \"Rate=1/s ; slow\""},
                {"semicolon at the start of a value", GOOD GRANT "Unit= ;\n",
                 "f:16: expected a comment in a line of its own, found \"Unit= ;\""},
                {"text after the heading", GOOD "[Grant g] x\n",
                 "f:13: expected a heading [KIND NAME] alone in its line, found \"[Grant g] x\""},
                {"heading open", GOOD "[Grant g\n",
                 "f:13: expected a heading [KIND NAME] alone in its line, found \"[Grant g\""},
                {"two brackets", GOOD "[Grant g]]\n",
                 "f:13: expected a heading [KIND NAME] alone in its line, found \"[Grant g]]\""},
                {"not UTF-8", GOOD "# \xff\n", "f:13: expected UTF-8, found \"# ?\""},
                {"surrogate", GOOD "# \xed\xa0\x80\n", "f:13: expected UTF-8, found \"# ???\""},
                {"control character", GOOD "# \x1b[31m\n",
                 "f:13: expected no control characters, found \"# ?[31m\""},
                {"carriage return inside", GOOD "# a\rb\n",
                 "f:13: expected no control characters, found \"# a?b\""},
                {"byte order mark", "\xef\xbb\xbf[Agent]\n",
                 "f:1: expected [KIND NAME], Key=value or a comment, found \"\xef\xbb\xbf[Agent]\""},
                {"no newline at the end", GOOD "Foo",
                 "f:13: expected [KIND NAME], Key=value or a comment, found \"Foo\""},
        };

        expect_rows(rows, ARRAY_SIZE(rows));
        expect_refused("NUL", view_of(GOOD "#\0\n", sizeof(GOOD "#\0\n") - 1),
                       "f:13: expected no control characters, found \"#\"");
}

static void test_long_lines(void)
{
        for (size_t size = CONFIG_LINE_MAX - 3; size < CONFIG_LINE_MAX; size++) {
                _cleanup_(config_freep) struct config *config = NULL;
                _cleanup_(buf_done) struct buf text = {};
                struct problem problem = {};
                int fits = size <= CONFIG_LINE_MAX - 2;

                buf_put_string(&text, GOOD "[Token " NAME64 "]\nDriver=tpm\nTCTI=");
                for (size_t i = 5; i < size; i++)
                        buf_put_u8(&text, 'x');
                buf_put_string(&text, "\n");
                expect_integer(parse(buf_view(&text), &config, &problem), fits ? 0 : -EBADMSG);
                if (fits && config)
                        expect_integer(strlen(facts_get(&config->tokens[1].settings, "TCTI")),
                                       size - 5);
                else
                        expect_text(view_string(problem.text),
                                    "f:15: expected at most 4094 bytes in a line, found 4095");
        }
}

int main(void)
{
        test_lines();
        test_long_lines();
        return test_result();
}
