/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/opa-answer.h"
#include "tests/test.h"

#include <errno.h>

#define ID64 "0123456789012345678901234567890123456789012345678901234567890123"

/* As OPA 1.4 answers, and as it does not. */
static const struct {
        const char *label;
        long status;
        const char *body;
        int r;
        const char *id, *reason;
} rows[] = {
        {"yes", 200, "{\"result\":true}", 0, "", ""},
        {"yes, pretty", 200, "{\n  \"result\": true\n}\n", 0, "", ""},
        {"with an id", 200, "{\"decision_id\":\"6b2f-1\",\"result\":true}", 0, "6b2f-1", ""},
        {"with metrics", 200, "{\"metrics\":{\"t\":1.5},\"warning\":null,\"result\":true}", 0, "",
         ""},
        {"longest id", 200, "{\"decision_id\":\"" ID64 "\",\"result\":true}", 0, ID64, ""},
        {"no", 200, "{\"result\":false}", -EPERM, "", "it says no"},
        {"no, with an id", 200, "{\"decision_id\":\"7\",\"result\":false}", -EPERM, "7",
         "it says no"},
        {"undefined", 200, "{}", -EPERM, "", "the rule is undefined"},
        {"undefined, with an id", 200, "{\"decision_id\":\"7\"}", -EPERM, "7",
         "the rule is undefined"},
        {"a string", 200, "{\"result\":\"true\"}", -EBADMSG, "",
         "result: expected true or false, found a string"},
        {"a number", 200, "{\"result\":1}", -EBADMSG, "",
         "result: expected true or false, found a number"},
        {"a fraction", 200, "{\"result\":1.0}", -EBADMSG, "",
         "result: expected true or false, found a number"},
        {"null", 200, "{\"result\":null}", -EBADMSG, "",
         "result: expected true or false, found null"},
        {"an object", 200, "{\"result\":{\"allow\":true}}", -EBADMSG, "",
         "result: expected true or false, found an object"},
        {"an array", 200, "{\"result\":[true]}", -EBADMSG, "",
         "result: expected true or false, found an array"},
        {"empty", 200, "", -EBADMSG, NULL, "the answer is empty"},
        {"no content", 204, "", -EBADMSG, NULL, "expected HTTP status 200, found 204"},
        {"server error", 500, "{\"result\":true}", -EBADMSG, NULL,
         "expected HTTP status 200, found 500"},
        {"redirect", 302, "{\"result\":true}", -EBADMSG, NULL,
         "expected HTTP status 200, found 302"},
        {"no status", 0, "{\"result\":true}", -EBADMSG, NULL, "expected HTTP status 200, found 0"},
        {"no object", 200, "true", -EBADMSG, NULL, NULL},
        {"an array at the top", 200, "[{\"result\":true}]", -EBADMSG, NULL,
         "JSON: expected an object"},
        {"cut off", 200, "{\"result\":true", -EBADMSG, NULL, NULL},
        {"more after it", 200, "{\"result\":true}{}", -EBADMSG, NULL, NULL},
        {"twice", 200, "{\"result\":false,\"result\":true}", -EBADMSG, NULL, NULL},
        {"no UTF-8", 200, "{\"result\":true,\"x\":\"\xff\"}", -EBADMSG, NULL, NULL},
        {"markup", 200, "<html>yes</html>", -EBADMSG, NULL, NULL},
        {"deep", 200, "{\"x\":[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]],\"result\":true}", -EBADMSG, NULL,
         "JSON nested deeper than 16 levels"},
        {"empty id", 200, "{\"decision_id\":\"\",\"result\":true}", -EBADMSG, NULL,
         "decision_id: expected 1 to 64 visible characters"},
        {"id too long", 200, "{\"decision_id\":\"" ID64 "4\",\"result\":true}", -EBADMSG, NULL,
         "decision_id: expected 1 to 64 visible characters"},
        {"id with a blank", 200, "{\"decision_id\":\"a b\",\"result\":true}", -EBADMSG, NULL,
         "decision_id: expected 1 to 64 visible characters"},
        {"id with a newline", 200, "{\"decision_id\":\"a\\nb\",\"result\":true}", -EBADMSG, NULL,
         "decision_id: expected 1 to 64 visible characters"},
        {"id with a quotation mark", 200, "{\"decision_id\":\"a\\\"b\",\"result\":true}", -EBADMSG,
         NULL, "decision_id: expected 1 to 64 visible characters"},
        {"id is a number", 200, "{\"decision_id\":7,\"result\":true}", -EBADMSG, NULL,
         "decision_id: expected 1 to 64 visible characters"},
};

static void test_answers(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char id[OPA_ID_SIZE] = "untouched";
                struct problem problem = {};

                test_label = rows[i].label;
                expect_integer(
                        opa_answer_parse(rows[i].status, view_string(rows[i].body), id, &problem),
                        rows[i].r);
                expect_text(view_string(id), rows[i].id ? rows[i].id : "untouched");
                if (rows[i].reason)
                        expect_text(view_string(problem.text), rows[i].reason);
                else
                        expect_integer(problem.text[0] != '\0', 1);
        }
        test_label = "";
}

int main(void)
{
        test_answers();
        return test_result();
}
