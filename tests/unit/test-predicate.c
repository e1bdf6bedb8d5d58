/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/predicate.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

#define NOW "2026-11-22T10:00:00Z"
#define HEX                                                                                        \
        "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" /* SHA-256 of "a"       \
                                                                            */

/* What the command makes of a file of that path, with the content "a". */
static json_t *file_value(const struct predicate_field *field, const char *path)
{
        switch (field->kind) {
        case PREDICATE_RESOURCE:
                return json_pack("{s:s, s:{s:s}}", "name", path, "digest", "sha256", HEX);
        case PREDICATE_REFERENCE:
                return json_pack("{s:s, s:{s:s}}", "uri", path, "digest", "sha256", HEX);
        case PREDICATE_DIGEST:
                return json_pack("{s:s}", "sha256", HEX);
        default:
                return NULL;
        }
}

static int set(const struct predicate_type *type, json_t *predicate, const char *setting,
               struct problem *problem)
{
        _cleanup_(freep) char *name = strndup(setting, strcspn(setting, "="));
        const char *text = strchr(setting, '=') + 1;
        const struct predicate_field *field = predicate_field_find(type, name);
        json_t *value;
        int r;

        if (!field)
                return -ENOENT;
        value = file_value(field, text);
        r = value ? 0 : predicate_value(field, text, NOW, &value, problem);
        return r < 0 ? r : predicate_set(predicate, field, name, value, problem);
}

static const struct {
        const char *type;
        const char *settings[12];
        int error;
        const char *expected; /* the predicate, or the reason */
} rows[] = {
        {"link",
         {"name=train", "command=python3", "command=train.py", "material=data", "environment.A=b",
          "byproduct.return-value=0"},
         0,
         "{\"byproducts\":{\"return-value\":\"0\"},\"command\":[\"python3\",\"train.py\"],"
         "\"environment\":{\"A\":\"b\"},\"materials\":[{\"digest\":{\"sha256\":\"" HEX
         "\"},\"name\":\"data\"}],\"name\":\"train\"}"},
        {"link", {"name=a", "name=b"}, -EBADMSG, "name: is set already"},
        {"link", {"command=x"}, -EBADMSG, "link: member \"name\" is missing"},
        {"link", {"name=\xff"}, -EBADMSG, "name: no valid UTF-8"},
        {"link", {"name=a", "material=x", "material=x"}, -EBADMSG, "name \"x\" is there twice"},
        {"link", {"name=a", "colour=x"}, -ENOENT, ""},
        {"link", {"name=a", "environment.=x"}, -ENOENT, ""},
        {"test-result",
         {"result=PASSED", "configuration=c", "passed-test=t", "url=https://x/"},
         0,
         "{\"configuration\":[{\"digest\":{\"sha256\":\"" HEX "\"},\"name\":\"c\"}],"
         "\"passedTests\":[\"t\"],\"result\":\"PASSED\",\"url\":\"https://x/\"}"},
        {"test-result", {"result=GOOD"}, -EBADMSG, "result: expected PASSED or another"},
        {"test-result", {"result=PASSED"}, -EBADMSG, "\"configuration\" is missing"},
        {"test-result",
         {"result=PASSED", "configuration=c", "failed-test=t"},
         -EBADMSG,
         "PASSED, and 1 tests have failed"},
        {"scai",
         {"attribute=A", "target=t", "evidence=e", "condition.x=y", "attribute=B", "evidence=f",
          "producer=p"},
         0,
         "{\"attributes\":[{\"attribute\":\"A\",\"conditions\":{\"x\":\"y\"},\"evidence\":"
         "{\"digest\":{\"sha256\":\"" HEX "\"},\"name\":\"e\"},\"target\":{\"digest\":{\"sha256\":"
         "\"" HEX "\"},\"name\":\"t\"}},{\"attribute\":\"B\",\"evidence\":{\"digest\":{\"sha256\":"
         "\"" HEX "\"},\"name\":\"f\"}}],\"producer\":{\"digest\":{\"sha256\":\"" HEX
         "\"},\"name\":\"p\"}}"},
        {"scai", {"evidence=e"}, -EBADMSG, "evidence: of what has not begun"},
        {"scai", {"attribute=A", "evidence=e", "evidence=f"}, -EBADMSG, "evidence: is set already"},
        {"scai", {"producer=p"}, -EBADMSG, "\"attributes\" is missing"},
        {"scai", {"attribute="}, -EBADMSG, "attribute 1: scai: the attribute is empty"},
        {"vsa",
         {"verifier=https://v/", "verifier-version.hallmark=1", "resource=pkg:x", "policy=p",
          "policy-uri=https://p/", "input=i", "result=PASSED", "level=SLSA_BUILD_LEVEL_1",
          "dependency-level.SLSA_BUILD_LEVEL_0=3", "time=2026-11-22T09:00:00.5Z"},
         0,
         "{\"dependencyLevels\":{\"SLSA_BUILD_LEVEL_0\":3},\"inputAttestations\":[{\"digest\":"
         "{\"sha256\":\"" HEX "\"},\"uri\":\"i\"}],\"policy\":{\"digest\":{\"sha256\":\"" HEX
         "\"},\"uri\":\"https://p/\"},\"resourceUri\":\"pkg:x\",\"slsaVersion\":\"1.0\","
         "\"timeVerified\":\"2026-11-22T09:00:00.5Z\",\"verificationResult\":\"PASSED\","
         "\"verifiedLevels\":[\"SLSA_BUILD_LEVEL_1\"],\"verifier\":{\"id\":\"https://v/\","
         "\"version\":{\"hallmark\":\"1\"}}}"},
        {"vsa", {"time=yesterday"}, -EBADMSG, "time: expected a time as"},
        {"vsa", {"time=2026-11-22T09:00:00.Z"}, -EBADMSG, "time: expected a time as"},
        {"vsa", {"time=2026-11-22T09:00:00+01:00"}, -EBADMSG, "time: expected a time as"},
        {"vsa", {"dependency-level.x=-1"}, -EBADMSG, "expected a number"},
        {"vsa",
         {"verifier=me", "resource=pkg:x", "policy=p", "result=PASSED", "level=L"},
         -EBADMSG,
         "verifier: expected a URI"},
        {"vsa",
         {"verifier=https://v/", "resource=pkg:x", "policy=p", "result=PASSED"},
         -EBADMSG,
         "\"verifiedLevels\" is missing"},
};

static void test_row(size_t i)
{
        const struct predicate_type *type = predicate_type_find(rows[i].type);
        _cleanup_(json_decrefp) json_t *predicate = json_object();
        _cleanup_(buf_done) struct buf text = {};
        struct problem problem = {};
        int r = 0;

        for (size_t j = 0; r == 0 && rows[i].settings[j]; j++)
                r = set(type, predicate, rows[i].settings[j], &problem);
        if (r == 0)
                r = predicate_complete(type, predicate, NOW, &problem);
        expect_integer(r, rows[i].error);
        json_put(&text, predicate);
        if (rows[i].error == 0)
                expect_text(buf_view(&text), rows[i].expected);
        else
                expect_contains(problem.text, rows[i].expected);
}

static void test_defaults(void)
{
        _cleanup_(json_decrefp) json_t *predicate = json_object();
        struct problem problem = {};

        expect_integer(predicate_complete(&predicate_vsa, predicate, NOW, &problem), -EBADMSG);
        expect_contains(problem.text, "\"verifier\" is missing");
        expect(string_equal(json_member_string(predicate, "timeVerified"), NOW));
        expect(string_equal(json_member_string(predicate, "slsaVersion"), "1.0"));
}

static void test_scai(void)
{
        _cleanup_(json_decrefp) json_t *predicate = json_object();
        _cleanup_(json_decrefp) json_t *evidence = json_pack("{s:s}", "name", "e");
        _cleanup_(buf_done) struct buf text = {};

        expect_integer(scai_add_attribute(predicate, "A", NULL, NULL, evidence), 0);
        expect_integer(scai_add_attribute(predicate, "B", NULL, NULL, NULL), 0);
        expect_integer(predicate_complete(&predicate_scai, predicate, NOW, NULL), 0);
        json_put(&text, predicate);
        expect_text(buf_view(&text), "{\"attributes\":[{\"attribute\":\"A\",\"evidence\":{\"name\":"
                                     "\"e\"}},{\"attribute\":\"B\"}]}");
}

int main(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                test_label = rows[i].settings[0];
                test_row(i);
        }
        test_label = "";
        test_defaults();
        test_scai();
        for (size_t i = 0; predicate_type_at(i); i++)
                expect(string_equal(predicate_type_at(i)->name, predicate_type_names[i]) &&
                       statement_type_is_valid(predicate_type_at(i)->uri));
        return test_result();
}
