/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/creation.h"
#include "tests/test.h"

#include <errno.h>

#define FOR                                                                                        \
        "\"createdFor\":{\"key\":\"model\",\"origin\":\"example.org/host\","                       \
        "\"time\":\"2026-11-25T10:00:00.000000Z\",\"version\":1}"

static void test_good(void)
{
        static const char *const texts[] = {
                "{" FOR ",\"proof\":\"AAEC\",\"v\":1}\n",
                "{" FOR ",\"reason\":\"why\",\"v\":1}\n",
        };

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                _cleanup_(key_creation_done) struct key_creation creation;
                _cleanup_(buf_done) struct buf again = {};

                expect_integer(key_creation_parse(view_string(texts[i]), &creation, NULL), 0);
                expect_integer(creation.proof.size, i == 0 ? 3 : 0);
                expect_text(view_string(creation.reason ? creation.reason : ""),
                            i == 0 ? "" : "why");
                expect_integer(key_creation_put(&again, &creation), 0);
                expect_text(buf_view(&again), texts[i]);
        }
}

static void test_refused(void)
{
        static const struct {
                const char *text, *reason;
        } cases[] = {
                {"{" FOR ",\"proof\":\"AAEC\",\"v\":2}", "v: expected 1, found 2"},
                {"{" FOR ",\"proof\":\"AAEC\"}", "creation: member \"v\" is missing"},
                {"{" FOR ",\"v\":1}", "expected either a proof or a reason"},
                {"{" FOR ",\"proof\":\"AAEC\",\"reason\":\"x\",\"v\":1}",
                 "expected either a proof or a reason"},
                {"{" FOR ",\"proof\":\"\",\"v\":1}", "proof: expected 1 to 1024 bytes in base64"},
                {"{" FOR ",\"proof\":\"?\",\"v\":1}", "proof: expected 1 to 1024 bytes in base64"},
                {"{\"createdFor\":{},\"proof\":\"AAEC\",\"v\":1}",
                 "createdFor: member \"key\" is missing"},
        };
        _cleanup_(buf_done) struct buf large = {};

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(key_creation_done) struct key_creation creation;
                struct problem problem = {};

                test_label = cases[i].reason;
                expect_integer(key_creation_parse(view_string(cases[i].text), &creation, &problem),
                               -EBADMSG);
                expect_text(view_string(problem.text), cases[i].reason);
        }
        test_label = "long";
        buf_put_string(&large, "{" FOR ",\"proof\":\"");
        for (size_t i = 0; i < 1028 / 3; i++)
                buf_put_string(&large, "AAAA");
        buf_put_string(&large, "AAAA\",\"v\":1}");
        {
                _cleanup_(key_creation_done) struct key_creation creation;

                expect_integer(key_creation_parse(buf_view(&large), &creation, NULL), -EBADMSG);
        }
        for (size_t i = 0; i < KEY_CREATION_TEXT_MAX; i++)
                buf_put_u8(&large, ' ');
        {
                _cleanup_(key_creation_done) struct key_creation creation;
                struct problem problem = {};

                expect_integer(key_creation_parse(buf_view(&large), &creation, &problem), -EBADMSG);
                expect_text(view_string(problem.text), "longer than 8192 bytes");
        }
        test_label = "";
}

int main(void)
{
        test_good();
        test_refused();
        return test_result();
}
