/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/digest-set.h"
#include "lib/digest.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B32 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct {
        const char *text;
        int error;
        const char *reason;
} sets[] = {
        {"{}", 0, ""},
        {"{\"sha256\":\"" A32 A32 "\"}", 0, ""},
        {"{\"gitCommit\":\"" A32 "aaaaaaaa\"}", 0, ""},
        {"{\"gitCommit\":\"" A32 A32 "\"}", 0, ""},
        {"{\"gitCommit\":\"" A32 "\"}", -EBADMSG, "it: digest \"gitCommit\": expected 40"},
        {"{\"other\":\"h1:x=\"}", 0, ""},
        {"{\"other\":\"\"}", -EBADMSG, "digest \"other\": expected a string that is not empty"},
        {"{\"\":\"x\"}", -EBADMSG, "digest \"\": expected a string"},
        {"{\"sha256\":7}", -EBADMSG, "digest \"sha256\": expected a string"},
        {"{\"sha512\":\"" A32 A32 "\"}", -EBADMSG, "digest \"sha512\": expected 128"},
        {"{\"md5\":\"" A32 "\",\"sha1\":\"" A32 "\"}", -EBADMSG, "digest \"sha1\": expected 40"},
        {"[]", -EBADMSG, "it: member \"digest\": expected an object"},
        {"\"" A32 A32 "\"", -EBADMSG, "expected an object"},
};

static void test_check(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
                json_t *set = json_loads(sets[i].text, JSON_DECODE_ANY, NULL);
                struct problem problem = {};

                test_label = sets[i].text;
                expect_integer(digest_set_check(set, "it", &problem), sets[i].error);
                expect_contains(problem.text, sets[i].reason);
                json_decref(set);
        }
        test_label = "";
        expect_integer(digest_set_check(NULL, "it", NULL), -EBADMSG);
}

static void test_sizes(void)
{
        _cleanup_(json_decrefp) json_t *set = json_object();
        char text[DIGEST_SET_TEXT_MAX + 2], name[8];
        struct problem problem = {};

        memset(text, 'x', sizeof(text));
        text[DIGEST_SET_TEXT_MAX + 1] = '\0';
        (void)json_object_set_new(set, "long", json_string(text));
        expect_integer(digest_set_check(set, "it", &problem), -EBADMSG);
        (void)json_object_set_new(set, "long", json_string(text + 1));
        expect_integer(digest_set_check(set, "it", NULL), 0);
        for (int i = 1; i < DIGEST_SET_MAX; i++) {
                (void)snprintf(name, sizeof(name), "x%d", i);
                (void)json_object_set_new(set, name, json_string("x"));
        }
        expect_integer(digest_set_check(set, "it", NULL), 0);
        (void)json_object_set_new(set, "one more", json_string("x"));
        problem = (struct problem){};
        expect_integer(digest_set_check(set, "it", &problem), -EBADMSG);
        expect_contains(problem.text, "it: more than 16 digests");
}

static const struct {
        const char *a, *b;
        enum digest_match expected;
} pairs[] = {
        {"{\"sha256\":\"" A32 A32 "\"}", "{\"sha256\":\"" A32 A32 "\"}", DIGEST_MATCHES},
        {"{\"sha256\":\"" A32 A32 "\"}", "{\"sha256\":\"" B32 A32 "\"}", DIGEST_DIFFERS},
        {"{\"sha3_256\":\"" A32 A32 "\"}", "{\"sha3_256\":\"" A32 A32 "\"}", DIGEST_MATCHES},
        {"{\"sha256\":\"" A32 A32 "\",\"sha3_256\":\"" A32 A32 "\"}",
         "{\"sha256\":\"" A32 A32 "\",\"sha3_256\":\"" B32 A32 "\"}", DIGEST_DIFFERS},
        {"{\"sha256\":\"" A32 A32 "\"}", "{\"sha3_256\":\"" A32 A32 "\"}", DIGEST_UNKNOWN},
        {"{\"md5\":\"" A32 "\"}", "{\"md5\":\"" A32 "\"}", DIGEST_UNKNOWN},
        {"{\"sha1\":\"" A32 "aaaaaaaa\"}", "{\"sha1\":\"" B32 "aaaaaaaa\"}", DIGEST_UNKNOWN},
        {"{}", "{}", DIGEST_UNKNOWN},
};

static void test_compare(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
                json_t *a = json_loads(pairs[i].a, 0, NULL), *b = json_loads(pairs[i].b, 0, NULL);

                test_label = pairs[i].a;
                expect_integer(digest_set_compare(a, b), pairs[i].expected);
                expect_integer(digest_set_compare(b, a), pairs[i].expected);
                expect_integer(digest_set_compare(a, NULL), DIGEST_UNKNOWN);
                json_decref(a);
                json_decref(b);
        }
        test_label = "";
}

int main(void)
{
        size_t count = 0;

        for (const char *hash; (hash = digest_set_hash_at(count)); count++)
                expect(digest_find_hash(hash) != NULL);
        expect(count == 3 && !digest_set_hash_at(count + 1));
        test_check();
        test_sizes();
        test_compare();
        return test_result();
}
