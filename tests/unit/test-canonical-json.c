/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/canonical-json.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* As encode_canonical() of securesystemslib has them. */
static const struct {
        const char *text, *canonical;
} cases[] = {
        {"{}", "{}"},
        {"{\"y\":2,\"x\":3}", "{\"x\":3,\"y\":2}"},
        {"{\"A\":[99,-1,true,false,null,\"\"]}", "{\"A\":[99,-1,true,false,null,\"\"]}"},
        {"{\"a\":\"1\\n\\t\\\"\\\\\\/\\u0001\"}", "{\"a\":\"1\n\t\\\"\\\\/\x01\"}"},
        {"{\"\\u00e9\":[],\"z\":{},\"Z\":[[]]}", "{\"Z\":[[]],\"z\":{},\"\xc3\xa9\":[]}"},
        {"{\"\\ud83d\\ude00\":1,\"\\uffee\":2}", "{\"\xef\xbf\xae\":2,\"\xf0\x9f\x98\x80\":1}"},
};

int main(void)
{
        struct problem problem = {};
        json_t *object = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(buf_done) struct buf text = {};

                test_label = cases[i].text;
                expect_integer(json_parse_object(view_string(cases[i].text), &object, NULL), 0);
                expect_integer(canonical_json_put(&text, object, NULL), 0);
                expect_text(buf_view(&text), cases[i].canonical);
                json_decref(object);
        }
        test_label = "";
        expect_integer(json_parse_object(view_string("{\"a\":[1,{\"b\":1.5}]}"), &object, NULL), 0);
        {
                _cleanup_(buf_done) struct buf text = {};

                expect_integer(canonical_json_put(&text, object, &problem), -EBADMSG);
                expect_contains(problem.text, "1.5 is no integer");
        }
        json_decref(object);
        return test_result();
}
