/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/utc.h"
#include "tests/test.h"

#include <errno.h>

/* By date -u -d TIME +%s. */
static const struct {
        const char *text, *digits; /* NULL: no time */
        uint64_t seconds;
} cases[] = {
        {"1970-01-01T00:00:00.000000Z", "19700101000000Z", 0},
        {"2026-11-22T10:00:00.999999Z", "20261122100000Z", 1795341600},
        {"2024-02-29T23:59:59.000000Z", "20240229235959Z", 1709251199},
        {"2026-13-01T00:00:00.000000Z", NULL, 0},
        {"2026-00-01T00:00:00.000000Z", NULL, 0},
        {"2026-01-32T00:00:00.000000Z", NULL, 0},
        {"2026-01-01T24:00:00.000000Z", NULL, 0},
        {"1969-12-31T23:59:59.000000Z", NULL, 0},
        {"2026-11-22T10:00:00Z", NULL, 0},
        {"", NULL, 0},
};

static const struct {
        const char *text;
        int error;
        uint64_t microseconds;
} moments[] = {
        {"2026-11-22T10:00:00Z", 0, 1795341600000000},
        {"2026-11-22T10:00:00.5Z", 0, 1795341600500000},
        {"2026-11-22T10:00:00.123456Z", 0, 1795341600123456},
        {"2026-11-22T10:00:00.123456789Z", 0, 1795341600123456},
        {"2026-11-22T10:00:00.Z", -EBADMSG, 0},
        {"2026-11-22T10:00:00", -EBADMSG, 0},
        {"2026-11-22T10:00:00+01:00", -EBADMSG, 0},
        {"2026-11-22T10:00:00ZZ", -EBADMSG, 0},
        {"2026-11-22T25:00:00Z", -EBADMSG, 0},
        {"2026-11-22 10:00:00Z", -EBADMSG, 0},
        {"", -EBADMSG, 0},
};

static void test_moments(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
                uint64_t moment = 0;

                test_label = moments[i].text;
                expect_integer(utc_parse_moment(moments[i].text, &moment), moments[i].error);
                expect_integer(moment, moments[i].microseconds);
        }
}

int main(void)
{
        test_moments();
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(buf_done) struct buf digits = {};
                uint64_t seconds = 7;

                test_label = cases[i].text;
                expect_integer(utc_parse(cases[i].text, &seconds), cases[i].digits ? 0 : -EBADMSG);
                if (!cases[i].digits)
                        continue;
                expect_integer(seconds, cases[i].seconds);
                utc_put_digits(&digits, seconds);
                expect_text(buf_view(&digits), cases[i].digits);
        }
        return test_result();
}
