/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/predicate.h"

#include <errno.h>

/* SCAI v0.3: attributes of the subjects, each with the evidence for it. */

static const struct predicate_field fields[] = {
        {.name = "attribute", .path = "attributes[].attribute", .begins = 1},
        {.name = "target", .path = "attributes[].target", .kind = PREDICATE_RESOURCE},
        {.name = "evidence", .path = "attributes[].evidence", .kind = PREDICATE_RESOURCE},
        {.name = "condition.*", .path = "attributes[].conditions.*"},
        {.name = "producer", .path = "producer", .kind = PREDICATE_RESOURCE},
};

static const struct json_member members[] = {
        {"attributes", JSON_ARRAY, 1},
        {"producer", JSON_OBJECT, 0},
};

static const struct json_member attribute_members[] = {
        {"attribute", JSON_STRING, 1},
        {"target", JSON_OBJECT, 0},
        {"conditions", JSON_OBJECT, 0},
        {"evidence", JSON_OBJECT, 0},
};

static int check_resource(const json_t *object, const char *name, struct problem *problem)
{
        const json_t *value = json_object_get(object, name);

        return value ? resource_check(value, name, 0, problem) : 0;
}

static int check_attribute(const json_t *attribute, struct problem *problem)
{
        int r;

        if (!json_is_object(attribute))
                return problem_set(problem, -EBADMSG, "expected an object");
        r = json_check_members(attribute, "scai", attribute_members, ARRAY_SIZE(attribute_members),
                               problem);
        if (r == 0 && json_string_length(json_object_get(attribute, "attribute")) == 0)
                r = problem_set(problem, -EBADMSG, "scai: the attribute is empty");
        if (r == 0)
                r = check_resource(attribute, "target", problem);
        return r < 0 ? r : check_resource(attribute, "evidence", problem);
}

static int check(const json_t *predicate, struct problem *problem)
{
        int r = json_check_members(predicate, "scai", members, ARRAY_SIZE(members), problem);
        const json_t *attributes = json_object_get(predicate, "attributes"), *attribute;
        size_t i;

        if (r == 0 && json_array_size(attributes) == 0)
                r = problem_set(problem, -EBADMSG, "scai: no attribute");
        if (r < 0)
                return r;
        json_array_foreach (attributes, i, attribute) {
                r = check_attribute(attribute, problem);
                if (r < 0)
                        return problem_prefix(problem, r, "attribute %zu", i + 1);
        }
        return check_resource(predicate, "producer", problem);
}

/* jansson counts references in what is not changed otherwise. */
static json_t *referred(const json_t *value)
{
        return json_incref((json_t *)(uintptr_t)value);
}

int scai_add_attribute(json_t *predicate, const char *attribute, const json_t *target,
                       const json_t *conditions, const json_t *evidence)
{
        json_t *attributes = json_object_get(predicate, "attributes");

        if (!attributes) {
                attributes = json_array();
                if (json_object_set_new(predicate, "attributes", attributes) < 0)
                        return -ENOMEM;
        }
        return json_array_append_new(attributes, json_pack("{s:s, s:o*, s:o*, s:o*}", "attribute",
                                                           attribute, "target", referred(target),
                                                           "conditions", referred(conditions),
                                                           "evidence", referred(evidence))) < 0
                       ? -ENOMEM
                       : 0;
}

const struct predicate_type predicate_scai = {
        .name = "scai",
        .uri = "https://in-toto.io/attestation/scai/v0.3",
        .fields = fields,
        .count = ARRAY_SIZE(fields),
        .check = check,
};
