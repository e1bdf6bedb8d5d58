/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/resource.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* Of "a" and of nothing, by sha256sum and md5sum. */
#define SHA256_A     "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MD5_A        "0cc175b9c0f1b6a831c399e269772661"

#define EXAMPLE                                                                                    \
        "{\"name\":\"a\",\"uri\":\"file:a\",\"digest\":{\"sha256\":\"" SHA256_A                    \
        "\",\"md5\":\"" MD5_A "\",\"other\":\"x y\"},\"content\":\"YQ==\","                        \
        "\"downloadLocation\":\"https://x/\",\"mediaType\":\"text/plain\",\"annotations\":{}}"

static json_t *parse(struct view text)
{
        struct problem problem = {};
        json_t *object = NULL;
        int r = json_parse_object(text, &object, &problem);

        assert(r == 0);
        return object;
}

static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"{", "{", 0, ""},
        {"{", "{\"unknown\":7,", 0, ""},
        {"\"name\":\"a\"", "\"name\":7", -EBADMSG, "\"name\": expected a string"},
        {"\"file:a\"", "null", -EBADMSG, "\"uri\": expected a string"},
        {"\"YQ==\"", "[]", -EBADMSG, "\"content\": expected a string"},
        {"\"https://x/\"", "{}", -EBADMSG, "\"downloadLocation\": expected a string"},
        {"\"text/plain\"", "1", -EBADMSG, "\"mediaType\": expected a string"},
        {"\"annotations\":{}", "\"annotations\":[]", -EBADMSG, "\"annotations\": expected an obj"},
        {"\"sha256\":\"ca", "\"sha256\":\"CA", -EBADMSG, "64 hexadecimal digits in lower case"},
        {"\"sha256\":\"ca", "\"sha256\":\"a", -EBADMSG, "digest \"sha256\": expected 64"},
        {"\"sha256\":\"ca", "\"sha384\":\"ca", -EBADMSG, "digest \"sha384\": expected 96"},
        {"\"md5\":\"0", "\"md5\":\"g", -EBADMSG, "digest \"md5\": expected 32"},
        {"\"x y\"", "\"\"", -EBADMSG, "digest \"other\": expected a string that is not empty"},
        {"\"x y\"", "7", -EBADMSG, "digest \"other\": expected a string"},
        {"\"other\"", "\"\"", -EBADMSG, "digest \"\": expected"},
        {"\"digest\":{", "\"digest\":[],\"d\":{", -EBADMSG, "\"digest\": expected an object"},
        {"\"digest\":{", "\"digest\":{},\"d\":{", -EBADMSG, "no digest"},
        {"\"digest\":{", "\"d\":{", -EBADMSG, "no digest"},
        {"\"digest\":{",
         "\"digest\":{\"1\":\"x\",\"2\":\"x\",\"3\":\"x\",\"4\":\"x\",\"5\":\"x\",\"6\":\"x\","
         "\"7\":\"x\",\"8\":\"x\",\"9\":\"x\",\"10\":\"x\",\"11\":\"x\",\"12\":\"x\","
         "\"13\":\"x\",\"14\":\"x\",",
         -EBADMSG, "more than 16 digests"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(buf_done) struct buf edited = {};
                _cleanup_(json_decrefp) json_t *object = NULL;
                struct problem problem = {};

                test_label = edits[i].to;
                edit_first(&edited, view_string(EXAMPLE), edits[i].from, edits[i].to);
                object = parse(buf_view(&edited));
                expect_integer(resource_check(object, "it", 1, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason);
        }
        test_label = "";
}

static void test_long_name(void)
{
        _cleanup_(buf_done) struct buf text = {};
        _cleanup_(json_decrefp) json_t *object = NULL;
        struct problem problem = {};

        buf_put_string(&text, "{\"name\":\"");
        for (size_t i = 0; i <= RESOURCE_TEXT_MAX; i++)
                buf_put_u8(&text, 'x');
        buf_put_string(&text, "\"}");
        object = parse(buf_view(&text));
        expect_integer(resource_check(object, "it", 0, &problem), -EBADMSG);
        expect_contains(problem.text, "\"name\": over 4096 bytes");
}

static void test_array(void)
{
        _cleanup_(json_decrefp) json_t *object =
                parse(view_string("{\"a\":[{},{\"name\":\"x\"},{\"name\":\"y\"}],"
                                  "\"twice\":[{\"name\":\"x\"},{},{\"name\":\"x\"}],\"no\":7}"));
        struct problem problem = {};

        expect_integer(resources_check(NULL, "m", 0, NULL), 0);
        expect_integer(resources_check(json_object_get(object, "a"), "m", 0, NULL), 0);
        expect_integer(resources_check(json_object_get(object, "a"), "m", 1, &problem), -EBADMSG);
        expect_contains(problem.text, "number 1: m: no digest");
        problem = (struct problem){};
        expect_integer(resources_check(json_object_get(object, "twice"), "m", 0, &problem),
                       -EBADMSG);
        expect_contains(problem.text, "number 3: m: name \"x\" is there twice");
        problem = (struct problem){};
        expect_integer(resources_check(json_object_get(object, "no"), "m", 0, &problem), -EBADMSG);
        expect_contains(problem.text, "m: expected an array");
}

static const struct {
        const char *a, *b;
        enum digest_match expected;
} pairs[] = {
        {"\"sha256\":\"" SHA256_A "\"", "\"sha256\":\"" SHA256_A "\"", DIGEST_MATCHES},
        {"\"sha256\":\"" SHA256_A "\"", "\"sha256\":\"" SHA256_EMPTY "\"", DIGEST_DIFFERS},
        {"\"md5\":\"" MD5_A "\"", "\"md5\":\"" MD5_A "\"", DIGEST_UNKNOWN},
        {"\"x\":\"1\"", "\"x\":\"1\"", DIGEST_UNKNOWN},
        {"", "", DIGEST_UNKNOWN},
        {"\"sha256\":\"" SHA256_A "\",\"sha512_256\":\"" SHA256_A "\"",
         "\"sha256\":\"" SHA256_A "\"", DIGEST_MATCHES},
        {"\"sha256\":\"" SHA256_A "\",\"sha512_256\":\"" SHA256_A "\"",
         "\"sha256\":\"" SHA256_A "\",\"sha512_256\":\"" SHA256_EMPTY "\"", DIGEST_DIFFERS},
        {"\"sha512_256\":\"" SHA256_A "\"", "\"sha256\":\"" SHA256_A "\"", DIGEST_UNKNOWN},
};

static void test_compare(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                _cleanup_(buf_done) struct buf text = {};
                _cleanup_(json_decrefp) json_t *object = NULL;
                const json_t *a, *b;

                test_label = pairs[i].b;
                buf_put_format(&text, "{\"a\":{\"digest\":{%s}},\"b\":{\"digest\":{%s}}}",
                               pairs[i].a, pairs[i].b);
                object = parse(buf_view(&text));
                a = json_object_get(object, "a");
                b = json_object_get(object, "b");
                expect_integer(resource_compare(a, b), pairs[i].expected);
                expect_integer(resource_compare(b, a), pairs[i].expected);
        }
        test_label = "";
}

static void test_new(void)
{
        const struct sha256 digest = sha256_of(view_string("a"));
        _cleanup_(json_decrefp) json_t *named = resource_new("n", "sha256", sha256_view(&digest));
        _cleanup_(json_decrefp) json_t *other = resource_new(NULL, "sha256", sha256_view(&digest));

        expect_integer(resource_check(named, "it", 1, NULL), 0);
        expect_integer(resource_check(other, "it", 1, NULL), 0);
        expect(string_equal(resource_name(named), "n"));
        expect(string_equal(resource_name(other), ""));
        expect(string_equal(resource_digest(named, "sha256"), SHA256_A));
        expect(!resource_digest(named, "sha512"));
        expect(!resource_new("\xff", "sha256", sha256_view(&digest)));
}

int main(void)
{
        test_edits();
        test_long_name();
        test_array();
        test_compare();
        test_new();
        return test_result();
}
