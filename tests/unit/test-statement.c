/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/statement.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* Of "a" and of nothing, by sha256sum. */
#define SHA256_A     "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

#define SUBJECTS                                                                                   \
        "[{\"digest\":{\"sha256\":\"" SHA256_A "\"},\"name\":\"a\"},"                              \
        "{\"digest\":{\"sha256\":\"" SHA256_EMPTY "\"},\"name\":\"b\"}]"
#define EXPECTED                                                                                   \
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"n\":1,\"o\":[true]},"     \
        "\"predicateType\":\"https://example.org/p/v1\",\"subject\":" SUBJECTS "}"

/* A statement with one place changed. */
static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"{", "{", 0, ""},
        {"{", " \n{ \"unknown\":[],", 0, ""},
        {"{", "{\"_type\":1,", -EBADMSG, "duplicate object key"},
        {"\"n\":1", "\"n\":1,\"n\":1", -EBADMSG, "duplicate object key"},
        {"\"name\":\"a\"", "\"name\":\"a\",\"name\":\"a\"", -EBADMSG, "duplicate object key"},
        {"}]}", "}]}x", -EBADMSG, "statement: JSON line 1"},
        {"}]}", "}]", -EBADMSG, "statement: JSON line 1"},
        {"Statement/v1", "Statement/v0.1", -EBADMSG, "_type: expected \"https://in-toto.io/"},
        {"\"https://in-toto.io/Statement/v1\"", "7", -EBADMSG, "\"_type\": expected a string"},
        {"\"_type\"", "\"type\"", -EBADMSG, "\"_type\": expected a string"},
        {"\"predicateType\"", "\"predicatetype\"", -EBADMSG, "\"predicateType\": expected a str"},
        {"\"https://example.org/p/v1\"", "\"\"", -EBADMSG, "predicateType: expected a URI"},
        {"\"https://example.org/p/v1\"", "\"p\"", -EBADMSG, "predicateType: expected a URI"},
        {"example.org", "example org", -EBADMSG, "predicateType: expected a URI"},
        {"\"predicate\":{", "\"predicate\":[],\"p\":{", -EBADMSG, "\"predicate\": expected an obj"},
        {"\"predicate\":{", "\"p\":{", -EBADMSG, "\"predicate\": expected an object"},
        {"\"subject\":[", "\"subject\":[],\"s\":[", -EBADMSG, "at least one subject"},
        {"\"subject\":[", "\"s\":[", -EBADMSG, "at least one subject"},
        {"\"subject\":[", "\"subject\":{},\"s\":[", -EBADMSG, "at least one subject"},
        {"\"subject\":[", "\"subject\":[7,", -EBADMSG, "number 1: subject: expected an object"},
        {"\"subject\":[", "\"subject\":[{\"name\":\"x\"},", -EBADMSG, "subject: no digest"},
        {"\"name\":\"b\"", "\"name\":\"a\"", -EBADMSG, "number 2: subject: name \"a\" is there tw"},
        {"\"sha256\":\"e3", "\"sha256\":\"E3", -EBADMSG, "number 2: subject: digest \"sha256\""},
        {"\"o\":[", "\"o\":[[[[[[[[[[[[[[[[],", -EBADMSG, "nested deeper than 16"},
        {"\"n\":1", "\"n\":\"\\ud800\"", -EBADMSG, "statement: JSON line 1"},
        {"\"n\":1", "\"n\":\"\xff\"", -EBADMSG, "statement: JSON line 1"},
        {"\"n\":1", "\"n\":\"\\u0000\"", -EBADMSG, "statement: JSON line 1"},
        {"\"n\":1", "\"n\":1e999", -EBADMSG, "statement: JSON line 1"},
        {"\"n\":1", "\"n\":99999999999999999999", -EBADMSG, "statement: JSON line 1"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(buf_done) struct buf edited = {};
                _cleanup_(statement_done) struct statement statement = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, view_string(EXPECTED), edits[i].from, edits[i].to);
                expect_integer(statement_parse(buf_view(&edited), &statement, &problem),
                               edits[i].error);
                expect_contains(problem.text, edits[i].reason);
                expect(!statement.object == (edits[i].error < 0));
        }
        test_label = "";
}

static void put_many(struct buf *buf, const char *text, size_t count)
{
        for (size_t i = 0; i < count; i++)
                buf_put_string(buf, text);
}

static void expect_too_large(const char *from, const char *to, size_t count, const char *reason)
{
        _cleanup_(buf_done) struct buf many = {}, edited = {};
        _cleanup_(statement_done) struct statement statement = {};
        struct problem problem = {};

        test_label = reason;
        buf_put_string(&many, from);
        put_many(&many, to, count);
        buf_put_u8(&many, '\0');
        edit_first(&edited, view_string(EXPECTED), from, (const char *)many.data);
        assert(!buf_error(&edited));
        expect_integer(statement_parse(buf_view(&edited), &statement, &problem), -EMSGSIZE);
        expect_contains(problem.text, reason);
        test_label = "";
}

static void test_limits(void)
{
        expect_too_large("\"subject\":[", "{\"digest\":{\"x\":\"y\"}},", STATEMENT_SUBJECTS_MAX,
                         "statement: more than 100000 subjects");
        expect_too_large("\"o\":[", "\"0123456789\",", STATEMENT_PREDICATE_SIZE_MAX / 13 + 1,
                         "statement: predicate: over 8388608 bytes");
        expect_too_large("{", "                ", STATEMENT_SIZE_MAX / 16,
                         "statement: over 16777216 bytes");
}

static void test_put(void)
{
        _cleanup_(json_decrefp) json_t *parts = NULL;
        _cleanup_(buf_done) struct buf text = {};
        const char *const source = "{\"s\":" SUBJECTS ",\"p\":{\"o\":[true],\"n\":1}}";
        const json_t *subjects, *predicate;
        struct problem problem = {};
        int r = json_parse_object(view_string(source), &parts, NULL);

        assert(r == 0);
        subjects = json_object_get(parts, "s");
        predicate = json_object_get(parts, "p");
        expect_integer(statement_put(&text, subjects, "https://example.org/p/v1", predicate, NULL),
                       0);
        expect_text(buf_view(&text), EXPECTED);
        expect_integer(statement_put(&text, subjects, "\xff:x", predicate, &problem), -EBADMSG);
        expect_contains(problem.text, "predicateType: expected a URI");
        problem = (struct problem){};
        expect_integer(statement_put(&text, predicate, "x:y", predicate, &problem), -EBADMSG);
        expect_contains(problem.text, "at least one subject");
        expect_text(buf_view(&text), EXPECTED);
}

static void test_find(void)
{
        const struct sha256 empty = sha256_of(view_of(NULL, 0)),
                            other = sha256_of(view_string("x"));
        _cleanup_(json_decrefp) json_t *known = resource_new(NULL, "sha256", sha256_view(&empty));
        _cleanup_(json_decrefp) json_t *unknown = resource_new("a", "sha256", sha256_view(&other));
        _cleanup_(statement_done) struct statement statement = {};
        int r = statement_parse(view_string(EXPECTED), &statement, NULL);

        assert(r == 0);
        expect(string_equal(statement.predicate_type, "https://example.org/p/v1"));
        expect(statement_find_subject(&statement, known) == json_array_get(statement.subjects, 1));
        expect(!statement_find_subject(&statement, unknown));
}

static void test_types(void)
{
        static const struct {
                const char *type;
                int valid;
        } types[] = {
                {"https://slsa.dev/provenance/v1", 1},
                {"urn:x", 1},
                {"x+y-1.z:%20", 1},
                {"", 0},
                {":", 0},
                {"x:", 0},
                {"7:x", 0},
                {"a/b:c", 0},
                {"slsaprovenance1", 0},
                {"https://x/\n", 0},
                {"https://x/\"", 0},
                {"https://x/\xc3\xa4", 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                test_label = types[i].type;
                expect_integer(statement_type_is_valid(types[i].type), types[i].valid);
        }
        test_label = "";
}

int main(void)
{
        test_edits();
        test_limits();
        test_put();
        test_find();
        test_types();
        return test_result();
}
