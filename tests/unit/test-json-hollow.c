/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json-hollow.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* Parts of a string follow each other; objects are told apart by a bar. */
static int take(void *context, struct view part, struct problem *problem)
{
        (void)problem;
        buf_put_view(context, part);
        return buf_error(context);
}

static int take_object(void *context, struct view part, struct problem *problem)
{
        int r = take(context, part, problem);

        buf_put_u8(context, '|');
        return r;
}

static const struct {
        enum json_hollow_kind kind;
        const char *text, *rest, *taken;
        const char *reason; /* NULL: all is read */
} cases[] = {
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"abc\",\"k\":1}}", "{\"o\":{\"i\":\"\",\"k\":1}}",
         "abc"},
        {JSON_HOLLOW_STRING, " {\"x\" : [ {\"o\":1} ] , \"o\" : { \"i\" : \"a\\/b\" } } ",
         " {\"x\" : [ {\"o\":1} ] , \"o\" : { \"i\" : \"\" } } ", "a/b"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"\"}}", "{\"o\":{\"i\":\"\"}}", ""},
        /* Another place, another type, another spelling, a second one. */
        {JSON_HOLLOW_STRING, "{\"i\":\"a\"}", "{\"i\":\"a\"}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":[{\"i\":\"a\"}]}", "{\"o\":[{\"i\":\"a\"}]}", ""},
        {JSON_HOLLOW_STRING, "{\"p\":{\"o\":{\"i\":\"a\"}}}", "{\"p\":{\"o\":{\"i\":\"a\"}}}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":{\"p\":{\"i\":\"a\"}}}", "{\"o\":{\"p\":{\"i\":\"a\"}}}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":{},\"p\":{\"i\":\"a\"}}", "{\"o\":{},\"p\":{\"i\":\"a\"}}",
         ""},
        {JSON_HOLLOW_STRING, "{\"o\":\"o\",\"i\":\"a\"}", "{\"o\":\"o\",\"i\":\"a\"}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":{\"k\":\"i\"}}", "{\"o\":{\"k\":\"i\"}}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":[\"a\"]}}", "{\"o\":{\"i\":[\"a\"]}}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":{\"\\u0069\":\"a\"}}", "{\"o\":{\"\\u0069\":\"a\"}}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"a\",\"i\":\"b\"}}",
         "{\"o\":{\"i\":\"\",\"i\":\"b\"}}", "a"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"\\\"i\":\"a\"}}", "{\"o\":{\"\\\"i\":\"a\"}}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"a", "{\"o\":{\"i\":\"", "a"},
        {JSON_HOLLOW_STRING, "no JSON: \"o\":{\"i\":\"a\"}", "no JSON: \"o\":{\"i\":\"a\"}", ""},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"a\\u002Bb\\u002f\\/\\\"\\\\\\u0022\",\"k\":1}}",
         "{\"o\":{\"i\":\"\",\"k\":1}}", "a+b//\"\\\""},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"a\\u00", "{\"o\":{\"i\":\"", "a"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"\\u002G\"}}", "", "", "an escape that is not read"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"\\u002\"}}", "", "", "an escape that is not read"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"\\U002B\"}}", "", "", "an escape that is not read"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"\\n\"}}", "", "", "an escape that is not read"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"\\u0000\"}}", "", "", "no printable ASCII"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"\\u012b\"}}", "", "", "no printable ASCII"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"\\ud83d\\ude00\"}}", "", "", "no printable ASCII"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"a\nb\"}}", "", "", "no printable ASCII"},
        {JSON_HOLLOW_STRING, "{\"o\":{\"i\":\"a\xff\"}}", "", "", "no printable ASCII"},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":[{\"a\":1},{\"b\":[{}]}]}}", "{\"o\":{\"i\":[]}}",
         "{\"a\":1}|{\"b\":[{}]}|"},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\": [ { \"]}\\\"\" : 1 } ,\n {} ] ,\"k\":[2]}}",
         "{\"o\":{\"i\": [] ,\"k\":[2]}}", "{ \"]}\\\"\" : 1 }|{}|"},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":[]}}", "{\"o\":{\"i\":[]}}", ""},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":\"a\"}}", "{\"o\":{\"i\":\"a\"}}", ""},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":[{}", "{\"o\":{\"i\":[", "{}|"},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":[{},]}}", "", "", "expected objects"},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":[,{}]}}", "", "", "expected objects"},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":[{}{}]}}", "", "", "expected objects"},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":[1]}}", "", "", "expected objects"},
        {JSON_HOLLOW_OBJECTS, "{\"o\":{\"i\":[\"{}\"]}}", "", "", "expected objects"},
};

static struct json_hollow hollow_of(enum json_hollow_kind kind, struct buf *taken)
{
        return (struct json_hollow){.outer = "o",
                                    .inner = "i",
                                    .kind = kind,
                                    .take = kind == JSON_HOLLOW_STRING ? take : take_object,
                                    .context = taken,
                                    .rest = BUF_INIT(200)};
}

/* In pieces of that size. */
static int put(struct json_hollow *hollow, struct view text, size_t size, struct problem *problem)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < text.size; i += size)
                r = json_hollow_put(
                        hollow, view_of(text.data + i, text.size - i < size ? text.size - i : size),
                        problem);
        return r;
}

static void test_case(size_t number, size_t size)
{
        _cleanup_(buf_done) struct buf taken = {};
        _cleanup_(json_hollow_done) struct json_hollow hollow =
                hollow_of(cases[number].kind, &taken);
        struct problem problem = {};
        int r = put(&hollow, view_string(cases[number].text), size, &problem);

        test_label = cases[number].text;
        expect_integer(r, cases[number].reason ? -EBADMSG : 0);
        expect_contains(problem.text, cases[number].reason ? cases[number].reason : "");
        if (!cases[number].reason) {
                expect_text(buf_view(&hollow.rest), cases[number].rest);
                expect_text(buf_view(&taken), cases[number].taken);
        }
        test_label = "";
}

static void expect_limit(const char *begin, int error, const char *words)
{
        _cleanup_(buf_done) struct buf taken = {}, text = {};
        _cleanup_(json_hollow_done) struct json_hollow hollow =
                hollow_of(JSON_HOLLOW_OBJECTS, &taken);
        struct problem problem = {};

        buf_put_string(&text, begin);
        for (size_t i = 0; i < JSON_HOLLOW_OBJECT_MAX; i++)
                buf_put_u8(&text, ' ');
        expect_integer(put(&hollow, buf_view(&text), 1000, &problem), error);
        expect_contains(problem.text, words);
}

int main(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
                for (size_t size = 1; size < 4; size++)
                        test_case(i, size == 3 ? 1000 : size);
        expect_limit("{\"o\":{\"i\":[{", -EBADMSG, "\"i\": an object of more than 65536 bytes");
        expect_limit("{\"o\":", -EMSGSIZE, "longer than 200 bytes beside the member \"i\"");
        return test_result();
}
