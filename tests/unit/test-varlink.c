/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/varlink.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

static const struct {
        const char *text, *method;
        int oneway, more, upgrade;
} calls[] = {
        {"{\"method\":\"org.varlink.service.GetInfo\"}", "org.varlink.service.GetInfo", 0, 0, 0},
        {"{\"method\":\"a.b.C\",\"parameters\":{}}", "a.b.C", 0, 0, 0},
        {"{\"method\":\"a.b.C\",\"parameters\":null}", "a.b.C", 0, 0, 0},
        {"{\"oneway\":true,\"method\":\"a.b.C\"}", "a.b.C", 1, 0, 0},
        {"{\"more\":true,\"method\":\"a.b.C\",\"oneway\":false}", "a.b.C", 0, 1, 0},
        {"{\"upgrade\":true,\"method\":\"a.b.C\"}", "a.b.C", 0, 0, 1},
        {"{\"method\":\"a1.b-2.c-d.E9f\"}", "a1.b-2.c-d.E9f", 0, 0, 0},
};

static void test_calls(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
                _cleanup_(varlink_call_done) struct varlink_call call = {};

                test_label = calls[i].text;
                expect_integer(varlink_call_decode(view_string(calls[i].text), &call, NULL), 0);
                expect(call.method && string_equal(call.method, calls[i].method));
                expect(json_is_object(call.parameters));
                expect_integer(call.oneway, calls[i].oneway);
                expect_integer(call.more, calls[i].more);
                expect_integer(call.upgrade, calls[i].upgrade);
        }
        test_label = "";
}

static const struct {
        const char *text, *reason; /* part of it */
} bad_calls[] = {
        {"", "JSON"},
        {"[]", "expected an object"},
        {"{\"method\":\"a.b.C\"}x", "JSON"},
        {"{}", "\"method\" is missing"},
        {"{\"method\":1}", "expected a string, found an integer"},
        {"{\"method\":null}", "expected a string, found null"},
        {"{\"method\":\"a.b.C\",\"method\":\"a.b.C\"}", "duplicate"},
        {"{\"method\":\"a.b.C\",\"x\":1}", "unknown member \"x\""},
        {"{\"method\":\"a.b.C\",\"parameters\":[]}", "expected an object, found an array"},
        {"{\"method\":\"a.b.C\",\"more\":1}", "expected a boolean, found an integer"},
        {"{\"method\":\"a.b.C\",\"oneway\":\"\"}", "expected a boolean, found a string"},
        {"{\"method\":\"a.b.C\",\"more\":true,\"oneway\":true}", "only one of"},
        {"{\"method\":\"\"}", "interface.name.Method"},
        {"{\"method\":\"C\"}", "interface.name.Method"},
        {"{\"method\":\"a.C\"}", "interface.name.Method"},
        {"{\"method\":\"a.b.c\"}", "interface.name.Method"},
        {"{\"method\":\"a.b.\"}", "interface.name.Method"},
        {"{\"method\":\".b.C\"}", "interface.name.Method"},
        {"{\"method\":\"a..C\"}", "interface.name.Method"},
        {"{\"method\":\"1.b.C\"}", "interface.name.Method"},
        {"{\"method\":\"a.b-.C\"}", "interface.name.Method"},
        {"{\"method\":\"a.-b.C\"}", "interface.name.Method"},
        {"{\"method\":\"a.b.C-d\"}", "interface.name.Method"},
        {"{\"method\":\"a.b.C d\"}", "interface.name.Method"},
        {"{\"method\":\"a.b.C\\u0000\"}", "JSON"},
        {"{\"method\":\"a.b.C\xff\"}", "JSON"},
};

static void test_bad_calls(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(bad_calls); i++) {
                struct varlink_call call = {};
                struct problem problem = {};

                test_label = bad_calls[i].text;
                expect_integer(varlink_call_decode(view_string(bad_calls[i].text), &call, &problem),
                               -EBADMSG);
                expect_contains(problem.text, bad_calls[i].reason);
                expect(call.message == NULL);
        }
        test_label = "";
}

static void test_replies(void)
{
        static const struct {
                const char *text, *error, *reason; /* reason NULL: accepted */
                int continues;
        } rows[] = {
                {"{}", NULL, NULL, 0},
                {"{\"parameters\":{\"a\":1}}", NULL, NULL, 0},
                {"{\"continues\":true,\"parameters\":{}}", NULL, NULL, 1},
                {"{\"error\":\"a.b.C\",\"parameters\":{}}", "a.b.C", NULL, 0},
                {"{\"error\":\"a.b.C\"}", "a.b.C", NULL, 0},
                {"{\"error\":\"C\"}", NULL, "interface.name.Error", 0},
                {"{\"error\":7}", NULL, "expected a string", 0},
                {"{\"error\":\"a.b.C\",\"continues\":true}", NULL, "an error cannot continue", 0},
                {"{\"method\":\"a.b.C\"}", NULL, "unknown member \"method\"", 0},
                {"{\"parameters\":7}", NULL, "expected an object", 0},
                {"[]", NULL, "expected an object", 0},
                {"HTTP/1.1 400 Bad Request", NULL, "JSON", 0},
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
                struct problem problem = {};
                int r = varlink_reply_decode(view_string(rows[i].text), &reply, &problem);

                test_label = rows[i].text;
                expect_integer(r, rows[i].reason ? -EBADMSG : 0);
                expect_contains(problem.text, rows[i].reason ? rows[i].reason : "");
                expect((reply.error != NULL) == (rows[i].error != NULL));
                if (reply.error && rows[i].error)
                        expect_text(view_string(reply.error), rows[i].error);
                expect_integer(reply.continues, rows[i].continues);
                expect(rows[i].reason || json_is_object(reply.parameters));
        }
        test_label = "";
}

/* The bytes on the wire, with the NUL. */
static void test_encoding(void)
{
        static const char expected[] = "{\"method\":\"a.b.C\",\"parameters\":{\"x\":1}}\0"
                                       "{\"method\":\"a.b.C\",\"parameters\":{}}\0"
                                       "{\"parameters\":{\"x\":1}}\0"
                                       "{\"parameters\":{}}\0"
                                       "{\"error\":\"a.b.C\",\"parameters\":{\"x\":1}}\0"
                                       "{\"error\":\"a.b.C\",\"parameters\":{}}";
        _cleanup_(buf_done) struct buf buf = {};
        json_t *parameters = json_pack("{s:i}", "x", 1);

        varlink_put_call(&buf, "a.b.C", parameters);
        varlink_put_call(&buf, "a.b.C", NULL);
        varlink_put_result(&buf, parameters);
        varlink_put_result(&buf, NULL);
        varlink_put_error(&buf, "a.b.C", parameters);
        varlink_put_error(&buf, "a.b.C", NULL);
        json_decref(parameters);
        expect_integer(buf_error(&buf), 0);
        expect_view(buf_view(&buf), view_of(expected, sizeof(expected)));
}

int main(void)
{
        test_calls();
        test_bad_calls();
        test_replies();
        test_encoding();
        return test_result();
}
