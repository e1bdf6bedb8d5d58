/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json.h"
#include "lib/opa-answer.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define HTTP_OK 200

/* A yes is an object with the result true, and its id can stand in a record as it is. */
static void check_yes(struct view body, const char *id)
{
        json_t *object = NULL;
        int r = json_parse_object(body, &object, NULL);

        assert(r == 0);
        assert(json_is_true(json_object_get(object, "result")));
        for (const char *next = id; *next; next++)
                assert(*next > ' ' && *next <= '~' && *next != '"' && *next != '\\');
        json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct view body = view_of(data, size);
        struct problem problem = {}, other = {};
        char id[OPA_ID_SIZE] = "";
        int r;

        if (size > OPA_ANSWER_MAX)
                return 0;
        r = opa_answer_parse(HTTP_OK, body, id, &problem);
        assert(r == 0 || r == -EPERM || r == -EBADMSG);
        if (r == 0)
                check_yes(body, id);
        else
                assert(problem.text[0]);
        r = opa_answer_parse(HTTP_OK + 1, body, id, &other);
        assert(r == -EBADMSG);
        return 0;
}
