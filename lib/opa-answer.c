/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/opa-answer.h"

#include <errno.h>

#include "lib/json.h"

#define HTTP_OK 200

/* It goes into records and messages as it is. */
static int is_id(const json_t *id)
{
        const char *text = json_string_value(id);
        size_t length = json_string_length(id);

        if (!text || length < 1 || length > OPA_ID_MAX)
                return 0;
        for (size_t i = 0; i < length; i++)
                if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
                        return 0;
        return 1;
}

static const char *kind_of(const json_t *value)
{
        static const char *const names[] = {
                [JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
                [JSON_INTEGER] = "a number", [JSON_REAL] = "a number",  [JSON_TRUE] = "true",
                [JSON_FALSE] = "false",      [JSON_NULL] = "null",
        };

        return names[json_typeof(value)];
}

static int decide(const json_t *result, struct problem *problem)
{
        if (!result)
                return problem_set(problem, -EPERM, "the rule is undefined");
        if (json_is_false(result))
                return problem_set(problem, -EPERM, "it says no");
        if (!json_is_true(result))
                return problem_set(problem, -EBADMSG, "result: expected true or false, found %s",
                                   kind_of(result));
        return 0;
}

int opa_answer_parse(long status, struct view body, char ret_id[OPA_ID_SIZE],
                     struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *object = NULL;
        struct problem reason = {};
        const json_t *id;
        int r;

        if (status != HTTP_OK)
                return problem_set(problem, -EBADMSG, "expected HTTP status %d, found %ld", HTTP_OK,
                                   status);
        if (body.size == 0)
                return problem_set(problem, -EBADMSG, "the answer is empty");
        r = json_parse_object(body, &object, &reason);
        if (r < 0)
                return problem_set(problem, r, "%s", problem_text(&reason, r));
        id = json_object_get(object, "decision_id");
        if (id && !is_id(id))
                return problem_set(problem, -EBADMSG,
                                   "decision_id: expected 1 to %d visible characters", OPA_ID_MAX);
        ret_id[0] = '\0';
        if (id)
                memcpy(ret_id, json_string_value(id), json_string_length(id) + 1);
        return decide(json_object_get(object, "result"), problem);
}
