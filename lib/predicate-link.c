/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/predicate.h"

/* Link v0.3: what a step of a pipeline was called, ran and took; its products are the subjects. */

static const struct predicate_field fields[] = {
        {.name = "name", .path = "name"},
        {.name = "command", .path = "command[]"},
        {.name = "material", .path = "materials[]", .kind = PREDICATE_RESOURCE},
        {.name = "byproduct.*", .path = "byproducts.*"},
        {.name = "environment.*", .path = "environment.*"},
};

static const struct json_member members[] = {
        {"name", JSON_STRING, 1},        {"command", JSON_ARRAY, 0},
        {"materials", JSON_ARRAY, 0},    {"byproducts", JSON_OBJECT, 0},
        {"environment", JSON_OBJECT, 0},
};

static int check(const json_t *predicate, struct problem *problem)
{
        int r = json_check_members(predicate, "link", members, ARRAY_SIZE(members), problem);

        if (r == 0)
                r = predicate_check_texts(json_object_get(predicate, "command"), "link: command",
                                          problem);
        return r < 0 ? r
                     : resources_check(json_object_get(predicate, "materials"), "link: material", 1,
                                       problem);
}

const struct predicate_type predicate_link = {
        .name = "link",
        .uri = "https://in-toto.io/attestation/link/v0.3",
        .fields = fields,
        .count = ARRAY_SIZE(fields),
        .check = check,
};
