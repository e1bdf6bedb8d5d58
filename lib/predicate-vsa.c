/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/predicate.h"

#include <errno.h>

/* SLSA verification summary v1: that somebody verified the subjects, against which policy, and what
 * came of it. */

static const char *const results[] = {"PASSED", "FAILED", NULL};

static const struct predicate_field fields[] = {
        {.name = "verifier", .path = "verifier.id"},
        {.name = "verifier-version.*", .path = "verifier.version.*"},
        {.name = "time", .path = "timeVerified", .kind = PREDICATE_TIME, .otherwise = "now"},
        {.name = "resource", .path = "resourceUri"},
        {.name = "policy", .path = "policy.digest", .kind = PREDICATE_DIGEST},
        {.name = "policy-uri", .path = "policy.uri"},
        {.name = "input", .path = "inputAttestations[]", .kind = PREDICATE_REFERENCE},
        {.name = "result", .path = "verificationResult", .words = results},
        {.name = "level", .path = "verifiedLevels[]"},
        {.name = "dependency-level.*", .path = "dependencyLevels.*", .kind = PREDICATE_COUNT},
        {.name = "slsa-version", .path = "slsaVersion", .otherwise = "1.0"},
};

static const struct json_member members[] = {
        {"verifier", JSON_OBJECT, 1},         {"timeVerified", JSON_STRING, 1},
        {"resourceUri", JSON_STRING, 1},      {"policy", JSON_OBJECT, 1},
        {"inputAttestations", JSON_ARRAY, 0}, {"verificationResult", JSON_STRING, 1},
        {"verifiedLevels", JSON_ARRAY, 1},    {"dependencyLevels", JSON_OBJECT, 0},
        {"slsaVersion", JSON_STRING, 0},
};

static const struct json_member verifier_members[] = {
        {"id", JSON_STRING, 1},
        {"version", JSON_OBJECT, 0},
};

static const struct json_member reference_members[] = {
        {"uri", JSON_STRING, 0},
        {"digest", JSON_OBJECT, 0},
};

static int check_reference(const json_t *reference, const char *what, struct problem *problem)
{
        int r;

        if (!json_is_object(reference))
                return problem_set(problem, -EBADMSG, "%s: expected an object", what);
        r = json_check_members(reference, what, reference_members, ARRAY_SIZE(reference_members),
                               problem);
        if (r == 0 && json_object_size(reference) == 0)
                r = problem_set(problem, -EBADMSG, "%s: neither uri nor digest", what);
        return r < 0 ? r : resource_check(reference, what, 0, problem);
}

static int check_inputs(const json_t *inputs, struct problem *problem)
{
        const json_t *input;
        size_t i;

        json_array_foreach (inputs, i, input) {
                int r = check_reference(input, "vsa: input", problem);

                if (r < 0)
                        return problem_prefix(problem, r, "number %zu", i + 1);
        }
        return 0;
}

static int check_result(const json_t *predicate, struct problem *problem)
{
        const char *result = json_member_string(predicate, "verificationResult");

        if (!string_equal(result, "PASSED") && !string_equal(result, "FAILED"))
                return problem_set(problem, -EBADMSG,
                                   "vsa: verificationResult: expected PASSED or FAILED, found "
                                   "\"%.64s\"",
                                   result);
        if (string_equal(result, "PASSED") &&
            json_array_size(json_object_get(predicate, "verifiedLevels")) == 0)
                return problem_set(problem, -EBADMSG,
                                   "vsa: PASSED, and no level that was verified");
        return 0;
}

static int check_verifier(const json_t *verifier, struct problem *problem)
{
        int r = json_check_members(verifier, "vsa: verifier", verifier_members,
                                   ARRAY_SIZE(verifier_members), problem);

        if (r == 0 && !statement_type_is_valid(json_member_string(verifier, "id")))
                r = problem_set(problem, -EBADMSG, "vsa: verifier: expected a URI, found \"%.64s\"",
                                json_member_string(verifier, "id"));
        return r;
}

static int check(const json_t *predicate, struct problem *problem)
{
        int r = json_check_members(predicate, "vsa", members, ARRAY_SIZE(members), problem);

        if (r == 0)
                r = check_verifier(json_object_get(predicate, "verifier"), problem);
        if (r == 0)
                r = check_reference(json_object_get(predicate, "policy"), "vsa: policy", problem);
        if (r == 0)
                r = check_inputs(json_object_get(predicate, "inputAttestations"), problem);
        if (r == 0)
                r = predicate_check_texts(json_object_get(predicate, "verifiedLevels"),
                                          "vsa: level", problem);
        return r < 0 ? r : check_result(predicate, problem);
}

const struct predicate_type predicate_vsa = {
        .name = "vsa",
        .uri = "https://slsa.dev/verification_summary/v1",
        .fields = fields,
        .count = ARRAY_SIZE(fields),
        .check = check,
};
