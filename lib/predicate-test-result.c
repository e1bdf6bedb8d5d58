/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/predicate.h"

#include <errno.h>

/* Test result v0.1: what a test of the subjects came to, and which configuration it ran with. */

static const char *const results[] = {"PASSED", "WARNED", "FAILED", NULL};

static const struct predicate_field fields[] = {
        {.name = "result", .path = "result", .words = results},
        {.name = "configuration", .path = "configuration[]", .kind = PREDICATE_RESOURCE},
        {.name = "url", .path = "url"},
        {.name = "passed-test", .path = "passedTests[]"},
        {.name = "warned-test", .path = "warnedTests[]"},
        {.name = "failed-test", .path = "failedTests[]"},
};

static const struct json_member members[] = {
        {"result", JSON_STRING, 1},     {"configuration", JSON_ARRAY, 1},
        {"url", JSON_STRING, 0},        {"passedTests", JSON_ARRAY, 0},
        {"warnedTests", JSON_ARRAY, 0}, {"failedTests", JSON_ARRAY, 0},
};

static int check_result(const json_t *predicate, struct problem *problem)
{
        const char *result = json_member_string(predicate, "result");
        size_t failed = json_array_size(json_object_get(predicate, "failedTests"));
        size_t i = 0;

        while (results[i] && !string_equal(results[i], result))
                i++;
        if (!results[i])
                return problem_set(problem, -EBADMSG,
                                   "test-result: result: expected PASSED, WARNED or FAILED, found "
                                   "\"%.64s\"",
                                   result);
        if (failed > 0 && !string_equal(result, "FAILED"))
                return problem_set(problem, -EBADMSG,
                                   "test-result: result: %s, and %zu tests have failed", result,
                                   failed);
        return 0;
}

static int check(const json_t *predicate, struct problem *problem)
{
        static const char *const lists[] = {"passedTests", "warnedTests", "failedTests"};
        int r = json_check_members(predicate, "test-result", members, ARRAY_SIZE(members), problem);

        if (r == 0)
                r = check_result(predicate, problem);
        for (size_t i = 0; i < ARRAY_SIZE(lists) && r == 0; i++)
                r = predicate_check_texts(json_object_get(predicate, lists[i]), lists[i], problem);
        return r < 0 ? r
                     : resources_check(json_object_get(predicate, "configuration"),
                                       "test-result: configuration", 0, problem);
}

const struct predicate_type predicate_test_result = {
        .name = "test-result",
        .uri = "https://in-toto.io/attestation/test-result/v0.1",
        .fields = fields,
        .count = ARRAY_SIZE(fields),
        .check = check,
};
