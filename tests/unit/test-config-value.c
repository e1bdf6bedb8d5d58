/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/config.h"

static void test_rates(void)
{
        static const char *const bad[] = {"10",   "10/",  "/s",    "0/s",       "10/m",
                                          "-1/s", "1 /s", "1.5/s", "1000001/s", "010/s"};
        static const struct {
                const char *text;
                uint32_t count;
                uint64_t usec;
        } good[] = {
                {"1/s", 1, 1000000},
                {"600/min", 600, 60000000},
                {"5/h", 5, 3600000000},
                {"1000000/d", 1000000, 86400000000},
        };
        char text[1024], message[512];

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                (void)snprintf(text, sizeof(text), GOOD GRANT "Rate=%s\n", bad[i]);
                (void)snprintf(message, sizeof(message),
                               "f:16: [Grant g] Rate=: " RATE_TEXT ", found \"%s\"", bad[i]);
                expect_refused(bad[i], view_string(text), message);
        }
        for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
                _cleanup_(config_freep) struct config *config = NULL;

                (void)snprintf(text, sizeof(text), GOOD GRANT "Rate=%s\n", good[i].text);
                test_label = good[i].text;
                expect_integer(parse(view_string(text), &config, NULL), 0);
                if (!config)
                        continue;
                expect_integer(config->grants[0].rate_count, good[i].count);
                expect_integer(config->grants[0].rate_usec, good[i].usec);
                expect_integer(config->grants[0].burst, good[i].count);
        }
        test_label = "";
}

static void test_durations(void)
{
        static const struct {
                const char *text;
                uint64_t usec; /* 0: refused */
        } rows[] = {
                {"100ms", 100000},
                {"1s", 1000000},
                {"2", 2000000},
                {"10min", 600000000},
                {"600", 600000000},
                {"601", 0},
                {"11min", 0},
                {"99ms", 0},
                {"1h", 0},
                {"1 s", 0},
                {"-1s", 0},
                {"1.5s", 0},
                {"s", 0},
                {"01s", 0},
                {"18446744073709551615s", 0},
                {"99999999999999999999", 0},
                {"1S", 0},
        };
        char text[1024];

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(config_freep) struct config *config = NULL;

                (void)snprintf(text, sizeof(text),
                               GOOD "[Token t]\nDriver=tpm\nTCTI=x\nTimeout=%s\n", rows[i].text);
                test_label = rows[i].text;
                expect_integer(parse(view_string(text), &config, NULL),
                               rows[i].usec ? 0 : -EBADMSG);
                if (config)
                        expect_integer(config_find_token(config, "t")->timeout_usec, rows[i].usec);
        }
        test_label = "";
}

int main(void)
{
        test_rates();
        test_durations();
        return test_result();
}
