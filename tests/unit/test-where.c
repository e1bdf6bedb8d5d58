/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/where.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

#define VALUE                                                                                      \
        "{\"predicate\":{\"builder\":{\"id\":\"https://b/=\"},\"list\":[1,{\"x\":true}],"          \
        "\"r\":0.5,\"n\":null,\"f\":false,\"a.b\":\"c\",\"0\":\"zero\",\"\":\"none\",\"e\":\"\"}}"

static const struct {
        const char *condition;
        int error;
        const char *reason;
} rows[] = {
        {"predicate.builder.id=https://b/=", 0, ""},
        {"predicate.list.0=1", 0, ""},
        {"predicate.list.0=1.0", 0, ""},
        {"predicate.list.1.x=true", 0, ""},
        {"predicate.r=0.50", 0, ""},
        {"predicate.n=null", 0, ""},
        {"predicate.f=false", 0, ""},
        {"predicate.\"a.b\"=c", 0, ""},
        {"predicate.0=zero", 0, ""},
        {"predicate.e=", 0, ""},
        {"predicate.builder.id=https://b/", -EKEYREJECTED,
         "predicate.builder.id: expected "
         "\"https://b/\", found \"https://b/=\""},
        {"predicate.builder.ID=x", -EKEYREJECTED, "found nothing"},
        {"predicate.builder=x", -EKEYREJECTED, "found {\"id\""},
        {"predicate.list.2=1", -EKEYREJECTED, "found nothing"},
        {"predicate.list.\"0\"=1", -EKEYREJECTED, "found nothing"},
        {"predicate.list.00=1", -EKEYREJECTED, "found nothing"},
        {"predicate.list.0=01", -EKEYREJECTED, "found 1"},
        {"predicate.list.0=", -EKEYREJECTED, "found 1"},
        {"predicate.list.0=\"1\"", -EKEYREJECTED, "found 1"},
        {"predicate.list.1.x=True", -EKEYREJECTED, "found true"},
        {"predicate.n=", -EKEYREJECTED, "found null"},
        {"predicate.builder.id.x=y", -EKEYREJECTED, "found nothing"},
        {"predicate", -EBADMSG, "expected PATH=VALUE"},
        {"=x", -EBADMSG, "expected PATH=VALUE"},
        {"", -EBADMSG, "expected PATH=VALUE"},
        {"predicate..x=y", -EBADMSG, "expected PATH=VALUE"},
        {"predicate.=y", -EBADMSG, "expected PATH=VALUE"},
        {"predicate.\"=y", -EBADMSG, "expected PATH=VALUE"},
        {"predicate.\"\"=none", -EBADMSG, "expected PATH=VALUE"},
        {"predicate.\"a\"b=y", -EBADMSG, "expected PATH=VALUE"},
        {"predicate x=y", -EBADMSG, "expected PATH=VALUE"},
};

int main(void)
{
        _cleanup_(json_decrefp) json_t *value = NULL;
        int r = json_parse_object(view_string(VALUE), &value, NULL);

        assert(r == 0);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct problem problem = {};

                test_label = rows[i].condition;
                expect_integer(where_holds(value, rows[i].condition, &problem), rows[i].error);
                expect_contains(problem.text, rows[i].reason);
                expect_integer(where_check(rows[i].condition, NULL),
                               rows[i].error == -EBADMSG ? -EBADMSG : 0);
        }
        return test_result();
}
