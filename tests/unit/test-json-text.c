/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/json-text.h"
#include "lib/json.h"
#include "tests/test.h"

static void expect_same(const struct buf *text, json_t *value)
{
        _cleanup_(json_decrefp) json_t *owned = value;
        _cleanup_(buf_done) struct buf canonical = {};

        json_put(&canonical, owned);
        expect(buf_error(text) == 0 && buf_error(&canonical) == 0);
        expect(view_equal(buf_view(text), buf_view(&canonical)));
}

/* Every byte that a string can have, and what must be escaped between what need not be. */
static void test_strings(void)
{
        static const char *const texts[] = {
                "", "plain", "\n", "a\"b\\c/d", "\xc3\xa9\t\xf0\x9f\x94\x91", "\\\\", "end\n"};

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(buf_done) struct buf text = {};

                json_text_put_string(&text, view_string(texts[i]));
                expect_same(&text, json_string(texts[i]));
        }
        for (char byte = 1; byte < 0x7f; byte++) {
                _cleanup_(buf_done) struct buf text = {};

                json_text_put_string(&text, view_of(&byte, 1));
                expect_same(&text, json_stringn(&byte, 1));
        }
}

/* A byte that is escaped, at each place among eights of bytes that are not. */
static void test_places(void)
{
        static const char special[] = {'\n', '"', '\\', 0x1f, 0x01, 0x20, 0x21, 0x5b, 0x7f};

        for (size_t size = 1; size < 20; size++)
                for (size_t place = 0; place < size; place++)
                        for (size_t i = 0; i < sizeof(special); i++) {
                                _cleanup_(buf_done) struct buf text = {};
                                char bytes[20];

                                memset(bytes, 'a', sizeof(bytes));
                                bytes[place] = special[i];
                                bytes[size - 1 - place] = special[(i + 1) % sizeof(special)];
                                json_text_put_string(&text, view_of(bytes, size));
                                expect_same(&text, json_stringn(bytes, size));
                        }
}

static void test_object(void)
{
        _cleanup_(buf_done) struct buf text = {}, empty = {};
        struct json_text none = json_text_begin(&empty);
        struct json_text object = json_text_begin(&text);

        json_text_end(&none);
        expect_same(&empty, json_object());
        json_text_string(&object, "a", view_string("x\ny"));
        json_text_integer(&object, "b", 0);
        json_text_value(&object, "c", view_string("[1,2]"));
        json_text_name(&object, "d");
        json_text_put_string(object.buf, view_string(""));
        json_text_end(&object);
        expect_same(&text,
                    json_pack("{s:s, s:i, s:[i,i], s:s}", "a", "x\ny", "b", 0, "c", 1, 2, "d", ""));
}

int main(void)
{
        test_strings();
        test_places();
        test_object();
        return test_result();
}
