/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checksums.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* By sha256sum, of an empty file under four names. */
#define DIGEST "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MANIFEST                                                                                   \
        DIGEST "  ./-\n" DIGEST "  a\n" DIGEST "  b c\n"                                           \
               "\\" DIGEST "  d\\\\\\n\\r\n"

static void test_round_trip(void)
{
        _cleanup_(inventory_done) struct inventory inventory = {};
        _cleanup_(buf_done) struct buf text = {};
        const struct buf manifest = spool_borrow(view_string(MANIFEST));

        expect_integer(checksums_parse(&manifest, &inventory, NULL), 0);
        expect_integer(inventory.count, 4);
        expect(inventory_find(&inventory, "-") && inventory_find(&inventory, "a") &&
               inventory_find(&inventory, "b c") && inventory_find(&inventory, "d\\\n\r"));
        expect_integer(checksums_put(&text, &inventory), 0);
        expect_text(buf_view(&text), MANIFEST);
}

static const struct {
        const char *text;
        const char *reason; /* "" when it is read */
} cases[] = {
        {DIGEST " *a\n", ""},
        {DIGEST "  ./a\n", ""},
        {"", "expected lines"},
        {DIGEST "  a", "expected lines"},
        {DIGEST "  a\n\n", "line 2"},
        {DIGEST " a\n", "line 1"},
        {DIGEST "\n", "line 1"},
        {"e3b0  a\n", "a SHA-256 digest"},
        {"E" DIGEST "  a\n", "a SHA-256 digest"},
        {DIGEST "  \n", "an empty name"},
        {DIGEST "  /a\n", "not relative"},
        {DIGEST "  a/../b\n", "part"},
        {DIGEST "  ./\n", "part"},
        {DIGEST "  a\n" DIGEST "  ./a\n", "a: listed twice"},
        {"\\" DIGEST "  \\x\n", "line 1: expected \\\\"},
        {"\\" DIGEST "  a\\\n", "line 1: expected \\\\"},
};

int main(void)
{
        test_round_trip();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(inventory_done) struct inventory inventory = {};
                const struct buf text = spool_borrow(view_string(cases[i].text));
                struct problem problem = {};

                test_label = cases[i].text;
                expect_integer(checksums_parse(&text, &inventory, &problem),
                               cases[i].reason[0] ? -EBADMSG : 0);
                expect_contains(problem.text, cases[i].reason);
        }
        return test_result();
}
