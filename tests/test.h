/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The frame of every unit test: expect() notes a failure with its place and goes on; main() ends
 * with test_result().
 *
 * Case labels go in front of the message, so that a table-driven test says which row failed.
 */

#include "lib/buf.h"

#include <stdio.h>

static int test_failures;
static const char *test_label = "";

static inline void expect_at(int holds, const char *what, const char *file, int line)
{
        if (holds)
                return;
        test_failures++;
        (void)fprintf(stderr, "%s:%d: %s%sexpected %s\n", file, line, test_label,
                      test_label[0] ? ": " : "", what);
}

static inline void expect_integer_at(long long found, long long expected, const char *what,
                                     const char *file, int line)
{
        if (found == expected)
                return;
        test_failures++;
        (void)fprintf(stderr, "%s:%d: %s%s%s is %lld, expected %lld\n", file, line, test_label,
                      test_label[0] ? ": " : "", what, found, expected);
}

static inline void expect_view_at(struct view found, struct view expected, const char *file,
                                  int line)
{
        if (view_equal(found, expected))
                return;
        test_failures++;
        (void)fprintf(stderr, "%s:%d: %s%sfound %zu bytes \"%.*s\", expected %zu bytes \"%.*s\"\n",
                      file, line, test_label, test_label[0] ? ": " : "", found.size,
                      (int)found.size, (const char *)found.data, expected.size, (int)expected.size,
                      (const char *)expected.data);
}

#define expect(condition) expect_at(!!(condition), #condition, __FILE__, __LINE__)
#define expect_integer(found, expected)                                                            \
        expect_integer_at((long long)(found), (long long)(expected), #found, __FILE__, __LINE__)
#define expect_view(found, expected) expect_view_at(found, expected, __FILE__, __LINE__)
#define expect_text(found, expected) expect_view(found, view_string(expected))

static inline int test_result(void)
{
        if (test_failures > 0)
                (void)fprintf(stderr, "%d expectations failed\n", test_failures);
        return test_failures > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
