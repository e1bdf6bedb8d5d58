/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/wildcard.h"
#include "tests/test.h"

/* As Python's fnmatchcase() has them. */
static const struct {
        const char *pattern, *text;
        int matches;
} cases[] = {
        {"", "", 1},
        {"", "a", 0},
        {"a", "", 0},
        {"a", "a", 1},
        {"a", "A", 0},
        {"*", "", 1},
        {"*", "a/b/.c", 1},
        {"**", "a", 1},
        {"a*", "a", 1},
        {"*.py", "a.py", 1},
        {"*.py", "a.pyc", 0},
        {"a*b*c", "axxbyyc", 1},
        {"a*b*c", "axxbyy", 0},
        {"*aab", "aaaab", 1},
        {"?", "a", 1},
        {"?", "", 0},
        {"?", "\xc3\xa9", 1},
        {"??", "\xc3\xa9", 0},
        {"?", "\n", 1},
        {"[ab]", "b", 1},
        {"[ab]", "c", 0},
        {"[!ab]", "c", 1},
        {"[!ab]", "a", 0},
        {"[a-c]x", "bx", 1},
        {"[c-a]x", "bx", 0},
        {"[!c-a]", "b", 1},
        {"[a-c-e]", "-", 1},
        {"[a-c-e]", "d", 0},
        {"[a-]", "-", 1},
        {"[-a]", "-", 1},
        {"[--a]", "A", 1},
        {"[]]", "]", 1},
        {"[!]]", "]", 0},
        {"[!]]", "a", 1},
        {"[]a]x", "ax", 1},
        {"[", "[", 1},
        {"[ab", "[ab", 1},
        {"[ab", "a", 0},
        {"[!", "[!", 1},
        {"[!]", "[!]", 1},
        {"[^a]", "a", 1},
        {"[^a]", "b", 0},
        {"[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", 1},
        {"[\\]", "\\", 1},
        {"\\*", "\\x", 1},
        {"\\*", "*", 0},
        {"[*]", "*", 1},
        {"[*]", "a", 0},
        {"*]", "[a]", 1},
        {"*[0-9]*", "file1.txt", 1},
};

int main(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                test_label = cases[i].pattern;
                expect_integer(wildcard_matches(cases[i].pattern, cases[i].text), cases[i].matches);
        }
        test_label = "";
        expect(wildcard_is_pattern("a*") && wildcard_is_pattern("[a]") && wildcard_is_pattern("?"));
        expect(!wildcard_is_pattern("a/b.c]"));
        return test_result();
}
