/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json.h"
#include "tests/test.h"

#include <errno.h>

static int parse(struct view text, struct problem *problem)
{
        _cleanup_(json_decrefp) json_t *object = NULL;
        int r = json_parse_object(text, &object, problem);

        expect((r == 0) == (object != NULL));
        return r;
}

static void test_parse(void)
{
        static const struct {
                const char *label, *text;
                int r;
                const char *problem; /* what it begins with */
        } rows[] = {
                {"empty object", "{}", 0, ""},
                {"white space around", " {\n}\n", 0, ""},
                {"array", "[]", -EBADMSG, "JSON: expected an object"},
                {"number", "1", -EBADMSG, "JSON line 1 column 1:"},
                {"nothing", "", -EBADMSG, "JSON line 1 column 0:"},
                {"cut", "{\"a\":", -EBADMSG, "JSON line 1 column 5:"},
                {"bytes after", "{}x", -EBADMSG, "JSON line 1 column 3: end of file expected"},
                {"second value", "{}{}", -EBADMSG, "JSON line 1 column 3: end of file expected"},
                {"member twice", "{\"a\":1,\n\"a\":2}", -EBADMSG,
                 "JSON line 2 column 3: duplicate"},
                {"member twice, escaped", "{\"a\":1,\"\\u0061\":2}", -EBADMSG,
                 "JSON line 1 column 15: duplicate"},
                {"member twice, inside", "{\"o\":{\"a\":1,\"a\":2}}", -EBADMSG,
                 "JSON line 1 column 15: duplicate"},
                {"NUL in a string", "{\"a\":\"\\u0000\"}", -EBADMSG, "JSON line 1 column 13:"},
                {"NUL in a name", "{\"\\u0000\":1}", -EBADMSG, "JSON line 1 column 9:"},
                {"bad UTF-8", "{\"a\":\"\xff\"}", -EBADMSG, "JSON line 1 column 6:"},
                {"overlong UTF-8", "{\"a\":\"\xc0\xaf\"}", -EBADMSG, "JSON line 1 column 6:"},
                {"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", -EBADMSG,
                 "JSON line 1 column 6:"},
                {"half a surrogate pair", "{\"a\":\"\\ud800\"}", -EBADMSG, "JSON line 1 column"},
                {"raw newline in a string", "{\"a\":\"\n\"}", -EBADMSG, "JSON line"},
                {"single quotes", "{'a':1}", -EBADMSG, "JSON line 1 column 2:"},
                {"comment", "{}//", -EBADMSG, "JSON line 1 column 3:"},
                {"comma at the end", "{\"a\":1,}", -EBADMSG, "JSON line 1 column 8:"},
                {"not a number", "{\"a\":NaN}", -EBADMSG, "JSON line 1 column"},
                {"integer of 65 bits", "{\"a\":18446744073709551616}", -EBADMSG,
                 "JSON line 1 column 25: too big integer"},
                {"leading zero", "{\"a\":01}", -EBADMSG, "JSON line 1 column 6:"},
                {"byte order mark", "\xef\xbb\xbf{}", -EBADMSG, "JSON line 1 column 1:"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct problem problem = {};

                test_label = rows[i].label;
                expect_integer(parse(view_string(rows[i].text), &problem), rows[i].r);
                if (strncmp(problem.text, rows[i].problem, strlen(rows[i].problem)) != 0 ||
                    (rows[i].r == 0 && problem.text[0]))
                        expect_text(view_string(problem.text), rows[i].problem);
        }
        test_label = "";
        expect_integer(parse(view_of(NULL, 0), NULL), -EBADMSG);
        expect_integer(parse(view_of("{}\0", 3), NULL), -EBADMSG);
}

static int parse_nested(size_t depth, const char *open, const char *close)
{
        _cleanup_(buf_done) struct buf text = {};

        buf_put_string(&text, "{\"\":");
        for (size_t i = 1; i < depth; i++)
                buf_put_string(&text, open);
        buf_put_string(&text, "1");
        for (size_t i = 1; i < depth; i++)
                buf_put_string(&text, close);
        buf_put_string(&text, "}");
        return parse(buf_view(&text), NULL);
}

static void test_depth(void)
{
        struct problem problem = {};
        char brackets[200];

        expect_integer(parse_nested(JSON_DEPTH_MAX, "[", "]"), 0);
        expect_integer(parse_nested(JSON_DEPTH_MAX + 1, "[", "]"), -EBADMSG);
        expect_integer(parse_nested(JSON_DEPTH_MAX, "{\"\":", "}"), 0);
        expect_integer(parse_nested(JSON_DEPTH_MAX + 1, "{\"\":", "}"), -EBADMSG);
        expect_integer(parse_nested(100000, "[", "]"), -EBADMSG);
        for (size_t i = 0; i < sizeof(brackets); i++)
                brackets[i] = '[';
        expect_integer(parse(view_of(brackets, sizeof(brackets)), &problem), -EBADMSG);
        expect_text(view_string(problem.text), "JSON nested deeper than 16 levels");
        expect_integer(
                parse(view_string(
                              "{\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[[[[[[\":\"{{{{\\\\\"}"),
                      NULL),
                0);
}

static void test_members(void)
{
        static const struct json_member members[] = {
                {"name", JSON_STRING, 1}, {"count", JSON_INTEGER, 0}, {"flag", JSON_TRUE, 0},
                {"list", JSON_ARRAY, 0},  {"object", JSON_OBJECT, 0},
        };
        static const struct {
                const char *text;
                int r;
                const char *problem;
        } rows[] = {
                {"{\"name\":\"a\"}", 0, ""},
                {"{\"name\":\"a\",\"count\":null,\"flag\":null}", 0, ""},
                {"{\"name\":\"a\",\"count\":-1,\"flag\":false,\"list\":[],\"object\":{}}", 0, ""},
                {"{\"name\":\"a\",\"flag\":true}", 0, ""},
                {"{}", -EBADMSG, "it: member \"name\" is missing"},
                {"{\"name\":null}", -EBADMSG, "it: member \"name\": expected a string, found null"},
                {"{\"name\":1}", -EBADMSG,
                 "it: member \"name\": expected a string, found an integer"},
                {"{\"name\":\"a\",\"count\":1.5}", -EBADMSG,
                 "it: member \"count\": expected an integer, found a real number"},
                {"{\"name\":\"a\",\"count\":\"1\"}", -EBADMSG,
                 "it: member \"count\": expected an integer, found a string"},
                {"{\"name\":\"a\",\"flag\":1}", -EBADMSG,
                 "it: member \"flag\": expected a boolean, found an integer"},
                {"{\"name\":\"a\",\"list\":{}}", -EBADMSG,
                 "it: member \"list\": expected an array, found an object"},
                {"{\"name\":\"a\",\"object\":[]}", -EBADMSG,
                 "it: member \"object\": expected an object, found an array"},
                {"{\"name\":\"a\",\"count\":true}", -EBADMSG,
                 "it: member \"count\": expected an integer, found a boolean"},
                {"{\"name\":\"a\",\"Name\":\"a\"}", -EBADMSG, "it: unknown member \"Name\""},
                {"{\"name\":\"a\",\"x\\u001b[2J\":1}", -EBADMSG, "it: unknown member \"x?[2J\""},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(json_decrefp) json_t *object = NULL;
                struct problem problem = {};

                test_label = rows[i].text;
                expect_integer(json_parse_object(view_string(rows[i].text), &object, NULL), 0);
                expect_integer(
                        json_check_members(object, "it", members, ARRAY_SIZE(members), &problem),
                        rows[i].r);
                expect_text(view_string(problem.text), rows[i].problem);
        }
        test_label = "";
}

static void test_member_values(void)
{
        _cleanup_(json_decrefp) json_t *object = NULL;

        expect_integer(
                json_parse_object(view_string("{\"s\":\"x\",\"i\":-7,\"n\":null}"), &object, NULL),
                0);
        expect(string_equal(json_member_string(object, "s"), "x"));
        expect(!json_member_string(object, "i"));
        expect(!json_member_string(object, "n"));
        expect(!json_member_string(object, "absent"));
        expect_integer(json_member_integer(object, "i", 3), -7);
        expect_integer(json_member_integer(object, "s", 3), 3);
        expect_integer(json_member_integer(object, "absent", 3), 3);
}

/* The canonical text of what was read; reading that again gives the same text. */
static void test_canonical(void)
{
        static const struct {
                const char *text, *canonical;
        } rows[] = {
                {"{ }", "{}"},
                {"{\"b\" : 1, \"a\" : [ 1 , 2 ]}", "{\"a\":[1,2],\"b\":1}"},
                {"{\"B\":1,\"a\":2,\"_\":3,\"A\":4}", "{\"A\":4,\"B\":1,\"_\":3,\"a\":2}"},
                {"{\"ab\":1,\"a\":2,\"\":3}", "{\"\":3,\"a\":2,\"ab\":1}"},
                {"{\"\xc3\xa9\":1,\"z\":2,\"\xf0\x9f\x94\x91\":3,\"\xef\xbd\x81\":4}",
                 "{\"z\":2,\"\xc3\xa9\":1,\"\xef\xbd\x81\":4,\"\xf0\x9f\x94\x91\":3}"},
                {"{\"a\":\"\\u00e9\\/\\u007f\"}", "{\"a\":\"\xc3\xa9/\x7f\"}"},
                {"{\"a\":\"\\n\\u000a\\u001F\\\"\\\\\"}", "{\"a\":\"\\n\\n\\u001F\\\"\\\\\"}"},
                {"{\"a\":-0,\"b\":9223372036854775807}", "{\"a\":0,\"b\":9223372036854775807}"},
                {"{\"o\":{\"z\":{},\"a\":[{\"y\":1,\"x\":2}]}}",
                 "{\"o\":{\"a\":[{\"x\":2,\"y\":1}],\"z\":{}}}"},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(json_decrefp) json_t *object = NULL, *again = NULL;
                _cleanup_(buf_done) struct buf text = {}, second = {};

                test_label = rows[i].text;
                expect_integer(json_parse_object(view_string(rows[i].text), &object, NULL), 0);
                json_put(&text, object);
                expect_text(buf_view(&text), rows[i].canonical);
                expect_integer(json_parse_object(buf_view(&text), &again, NULL), 0);
                json_put(&second, again);
                expect_view(buf_view(&second), buf_view(&text));
        }
        test_label = "";
}

static void test_put_into_a_small_buf(void)
{
        _cleanup_(json_decrefp) json_t *object = json_pack("{s:s}", "name", "value");
        _cleanup_(buf_done) struct buf small = BUF_INIT(15), exact = BUF_INIT(16);

        json_put(&small, object);
        expect_integer(buf_error(&small), -EMSGSIZE);
        json_put(&exact, object);
        expect_integer(buf_error(&exact), 0);
}

static void test_plain(void)
{
        static const struct {
                const char *text;
                int plain;
        } rows[] = {
                {"{}", 1},
                {"{\"a\":1,\"b\":\"x\",\"c\":[1,{\"d\":[]}]}", 1},
                {"{\"a\":1.0}", 0},
                {"{\"a\":1e2}", 0},
                {"{\"a\":true}", 0},
                {"{\"a\":false}", 0},
                {"{\"a\":null}", 0},
                {"{\"a\":[1,[null]]}", 0},
                {"{\"a\":{\"b\":{\"c\":0.5}}}", 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(json_decrefp) json_t *object = NULL;

                test_label = rows[i].text;
                expect_integer(json_parse_object(view_string(rows[i].text), &object, NULL), 0);
                expect_integer(json_is_plain(object), rows[i].plain);
        }
        test_label = "";
}

int main(void)
{
        test_parse();
        test_depth();
        test_members();
        test_member_values();
        test_canonical();
        test_put_into_a_small_buf();
        test_plain();
        return test_result();
}
