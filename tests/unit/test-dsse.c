/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dsse.h"
#include "lib/spool.h"
#include "tests/test.h"
#include "tests/unit/edit.h"

#include <errno.h>

/* The example of the specification: its PAE, hashed by sha256sum. */
static void test_digest(void)
{
        const struct sha256 expected =
                sha256_of(view_string("DSSEv1 29 http://example.com/HelloWorld 11 hello world"));
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t size = 0;

        expect_integer(dsse_digest("sha256", "http://example.com/HelloWorld",
                                   view_string("hello world"), digest, &size),
                       0);
        expect_view(view_of(digest, size), sha256_view(&expected));
        expect_integer(dsse_digest("md5", "x", view_string(""), digest, &size), -EOPNOTSUPP);
}

#define EXPECTED                                                                                   \
        "{\"payload\":\"+/8=\",\"payloadType\":\"type\","                                          \
        "\"signatures\":[{\"sig\":\"c2ln\",\"keyid\":\"\"}]}"

static const struct {
        const char *from, *to;
        int error;
        const char *reason;
} edits[] = {
        {"{", "{", 0, ""},
        {",\"keyid\":\"\"", "", 0, ""},
        {"+/8=", "-_8=", 0, ""},
        {"+/8=", "-_8", 0, ""},
        {"+/8=", "+_8=", -EBADMSG, "\"payload\": no base64"},
        {"+/8=", "+/8", -EBADMSG, "\"payload\": no base64"},
        {"c2ln", "c2l", -EBADMSG, "\"sig\": no base64"},
        {"c2ln", "", -EBADMSG, "the signature is empty"},
        {"[{", "[{\"sig\":\"c2ln\"},{", -EBADMSG, "exactly one signature, found 2"},
        {"{\"sig\":\"c2ln\",\"keyid\":\"\"}", "", -EBADMSG, "exactly one signature, found 0"},
        {"{\"sig\":\"c2ln\",\"keyid\":\"\"}", "7", -EBADMSG, "no object"},
        {"\"keyid\"", "\"cert\"", -EBADMSG, "unknown member \"cert\""},
        {"{\"payload\"", "{\"x\":1,\"payload\"", -EBADMSG, "unknown member \"x\""},
        {",\"payloadType\":\"type\"", "", -EBADMSG, "\"payloadType\" is missing"},
};

static void test_edits(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(edits); i++) {
                _cleanup_(buf_done) struct buf edited = {};
                _cleanup_(dsse_done) struct dsse dsse = {};
                struct problem problem = {};
                json_t *object = NULL;
                int r;

                test_label = edits[i].to;
                edit_first(&edited, view_string(EXPECTED), edits[i].from, edits[i].to);
                r = json_parse_object(buf_view(&edited), &object, &problem);
                assert(r == 0);
                expect_integer(dsse_parse(object, &dsse, &problem), edits[i].error);
                expect_contains(problem.text, edits[i].reason);
                if (edits[i].error == 0)
                        expect_view(buf_view(&dsse.payload), view_of("\xfb\xff", 2));
                json_decref(object);
        }
        test_label = "";
}

int main(void)
{
        _cleanup_(buf_done) struct buf text = {};
        const struct buf payload = spool_borrow(view_of("\xfb\xff", 2));

        dsse_put(&text, "type", &payload, view_string("sig"));
        expect_text(buf_view(&text), EXPECTED);
        test_digest();
        test_edits();
        return test_result();
}
