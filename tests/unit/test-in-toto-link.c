/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-link.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define M "cccccccccccccccccccccccccccccccc"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char text[] =
        "{\"_type\":\"link\",\"byproducts\":{\"return-value\":3},\"command\":[\"cp\",\"a\"],"
        "\"environment\":{\"run\":\"7\"},\"materials\":{\"b\":{\"sha256\":\"" B
        "\"},\"a\":{\"sha256\":\"" A "\",\"md5\":\"" M "\"}},\"name\":\"copy\",\"products\":{}}";

static int parse(struct view bytes, struct in_toto_link *ret, struct problem *problem)
{
        json_t *object = NULL;
        int r = json_parse_object(bytes, &object, problem);

        if (r == 0)
                r = in_toto_link_parse(object, ret, problem);
        json_decref(object);
        return r;
}

static void test_members(void)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {};

        expect_integer(parse(view_string(text), &link, NULL), 0);
        expect(string_equal(link.name, "copy") && string_equal(link.run, "7"));
        expect_integer(in_toto_link_check_status(&link, NULL), -EKEYREJECTED);
        expect_integer(link.materials.count, 2);
        expect(string_equal(link.materials.items[0].path, "a"));
        expect(artifacts_find(&link.materials, "b") == &link.materials.items[1]);
        expect(!artifacts_find(&link.materials, "c") && link.products.count == 0);
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"\"link\"", "\"layout\"", -EBADMSG, "_type: expected link"},
        {"\"name\"", "\"nom\"", -EBADMSG, "unknown member \"nom\""},
        {"\"name\":\"copy\",", "", -EBADMSG, "\"name\" is missing"},
        {"\"copy\"", "\"../copy\"", -EBADMSG, "cannot be the name of a step"},
        {"\"copy\"", "\"a\\u0007\"", -EBADMSG, "cannot be the name of a step"},
        {"\"cp\"", "1", -EBADMSG, "word 1 is no string"},
        {"\"run\":\"7\"", "\"run\":7", -EBADMSG, "member \"run\""},
        {"\"run\":\"7\"", "\"run\":\"\"", -EBADMSG, "member \"run\""},
        {"\"run\":\"7\"", "", 0, ""},
        {B, "BB", -EBADMSG, "expected 64 hexadecimal digits in lower case"},
        {"\"md5\":\"" M "\"", "\"md5\":0", -EBADMSG, "digest \"md5\": expected a string"},
        {"\"md5\":\"" M "\"", "\"md5\":\"0\"", -EBADMSG, "digest \"md5\": expected 32 hexadecimal"},
        {"\"md5\":\"" M "\"", "\"x\":\"0\"", 0, ""},
        {"{\"sha256\":\"" B "\"}", "{}", -EBADMSG, "\"b\": expected its digests"},
        {"{\"sha256\":\"" B "\"}", "\"" B "\"", -EBADMSG, "\"b\": expected its digests"},
        {"\"b\":", "\"\":", -EBADMSG, "empty or too long"},
        {"\"b\":", "\"a\":", -EBADMSG, "duplicate"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(in_toto_link_done) struct in_toto_link link = {};
                _cleanup_(buf_done) struct buf edited = {};
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, view_string(text), edits[i].from, edits[i].to);
                expect_integer(parse(buf_view(&edited), &link, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason);
        }
        test_label = "";
}

/* What a link says of how its command ended, and what is wrong with that. */
static const struct {
        const char *to, *reason;
} statuses[] = {
        {"\"return-value\":0", NULL},
        {"\"stdout\":\"3\"", NULL},
        {"\"return-value\":3", "its command failed, status 3"},
        {"\"return-value\":-1", "its command failed, status -1"},
        {"\"return-value\":\"3\"", "the status of its command is no integer"},
        {"\"return-value\":3.5", "the status of its command is no integer"},
        {"\"return-value\":0.0", "the status of its command is no integer"},
        {"\"return-value\":true", "the status of its command is no integer"},
        {"\"return-value\":null", "the status of its command is no integer"},
        {"\"return-value\":[0]", "the status of its command is no integer"},
};

static void test_statuses(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
                _cleanup_(in_toto_link_done) struct in_toto_link link = {};
                _cleanup_(buf_done) struct buf edited = {};
                struct problem problem = {};

                test_label = statuses[i].to;
                edit_first(&edited, view_string(text), "\"return-value\":3", statuses[i].to);
                expect_integer(parse(buf_view(&edited), &link, NULL), 0);
                expect_integer(in_toto_link_check_status(&link, &problem),
                               statuses[i].reason ? -EKEYREJECTED : 0);
                expect_contains(problem.text, statuses[i].reason ? statuses[i].reason : "");
        }
        test_label = "";
}

/* Two digest sets, and whether they are of the same content. */
static const struct {
        const char *one, *other;
        int same;
} sets[] = {
        {"{\"sha256\":\"" A "\"}", "{\"sha256\":\"" A "\"}", 1},
        {"{\"sha256\":\"" A "\"}", "{\"sha256\":\"" B "\"}", 0},
        {"{\"sha256\":\"" A "\",\"md5\":\"0\"}", "{\"sha256\":\"" A "\",\"md5\":\"1\"}", 1},
        {"{\"md5\":\"0\"}", "{\"md5\":\"0\"}", 0},
        {"{\"sha256\":\"" A "\"}", "{\"sha512\":\"" A A "\"}", 0},
        {"{\"sha256\":\"" A "\",\"sha512\":\"" A A "\"}", "{\"sha512\":\"" A A "\"}", 1},
        {"{\"sha256\":\"" A "\",\"sha512\":\"" A A "\"}",
         "{\"sha256\":\"" A "\",\"sha512\":\"" B B "\"}", 0},
};

static void test_sets(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
                json_t *one = json_loads(sets[i].one, 0, NULL);
                json_t *other = json_loads(sets[i].other, 0, NULL);
                const struct attested a = {"x", one}, b = {"x", other};

                test_label = sets[i].other;
                expect_integer(attested_is_same(&a, &b), sets[i].same);
                expect_integer(attested_is_same(&b, &a), sets[i].same);
                json_decref(one);
                json_decref(other);
        }
        test_label = "";
}

static void test_difference(void)
{
        _cleanup_(in_toto_link_done) struct in_toto_link link = {}, other = {};
        _cleanup_(buf_done) struct buf edited = {};

        expect_integer(parse(view_string(text), &link, NULL), 0);
        edit_first(&edited, view_string(text), B, A);
        expect_integer(parse(buf_view(&edited), &other, NULL), 0);
        expect(!artifacts_difference(&link.materials, &link.materials));
        expect(string_equal(artifacts_difference(&link.materials, &other.materials), "b"));
        expect(string_equal(artifacts_difference(&link.products, &other.materials), "a"));
}

int main(void)
{
        test_members();
        test_edits();
        test_statuses();
        test_sets();
        test_difference();
        return test_result();
}
