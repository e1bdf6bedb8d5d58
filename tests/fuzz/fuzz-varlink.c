/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/varlink.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What was decoded and is encoded and decoded again is the same call. */
static void check_call(const struct varlink_call *call)
{
        _cleanup_(varlink_call_done) struct varlink_call again = {};
        _cleanup_(buf_done) struct buf text = {};
        int r;

        assert(json_is_object(call->parameters));
        assert(call->oneway + call->more + call->upgrade <= 1);
        varlink_put_call(&text, call->method, call->parameters);
        assert(!buf_error(&text) && text.data[text.size - 1] == '\0');
        assert(strlen((char *)text.data) == text.size - 1);
        r = varlink_call_decode(view_of(text.data, text.size - 1), &again, NULL);
        assert(r == 0);
        assert(string_equal(again.method, call->method));
        assert(json_equal(again.parameters, call->parameters));
}

static void check_reply(const struct varlink_reply *reply)
{
        _cleanup_(varlink_reply_done) struct varlink_reply again = {};
        _cleanup_(buf_done) struct buf text = {};
        int r;

        assert(json_is_object(reply->parameters));
        if (reply->error)
                varlink_put_error(&text, reply->error, reply->parameters);
        else
                varlink_put_result(&text, reply->parameters);
        assert(!buf_error(&text));
        r = varlink_reply_decode(view_of(text.data, text.size - 1), &again, NULL);
        assert(r == 0);
        assert((again.error != NULL) == (reply->error != NULL));
        assert(json_equal(again.parameters, reply->parameters));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(varlink_call_done) struct varlink_call call = {};
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        struct problem problem = {};
        int r = varlink_call_decode(view_of(data, size), &call, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r == 0)
                check_call(&call);
        problem.text[0] = '\0';
        r = varlink_reply_decode(view_of(data, size), &reply, &problem);
        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r == 0)
                check_reply(&reply);
        return 0;
}
