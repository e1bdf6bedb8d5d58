/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"
#include "tests/test.h"

#include <errno.h>

#define STAT_20 "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "

static void test_stat(void)
{
        static const struct {
                const char *text;
                int error;
                uint64_t start;
        } rows[] = {
                {"7 (cat) " STAT_20 "4711 20 21\n", 0, 4711},
                {"7 (a) S 1 2 ) " STAT_20 "4711 20\n", 0, 4711},
                {"7 (x) " STAT_20 "99 20 21) 3\n", -EBADMSG, 0},
                {"7 () " STAT_20 "18446744073709551615 2\n", 0, UINT64_MAX},
                {"7 (cat) " STAT_20 "18446744073709551616 2\n", -EBADMSG, 0},
                {"7 (cat) " STAT_20 "4711", -EBADMSG, 0},
                {"7 (cat) " STAT_20, -EBADMSG, 0},
                {"7 (cat) " STAT_20 "-1 2", -EBADMSG, 0},
                {"7 (cat)" STAT_20 "4711 2", -EBADMSG, 0},
                {"7 cat " STAT_20 "4711 2", -EBADMSG, 0},
                {"", -EBADMSG, 0},
                {")", -EBADMSG, 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                uint64_t start = 0;

                test_label = rows[i].text;
                expect_integer(caller_parse_stat(view_string(rows[i].text), &start), rows[i].error);
                expect(start == rows[i].start);
        }
        test_label = "";
}

int main(void)
{
        test_stat();
        return test_result();
}
