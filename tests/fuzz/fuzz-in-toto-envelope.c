/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/in-toto-envelope.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What was read can be written, and then is read as the same: text, and all. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(in_toto_envelope_done) struct in_toto_envelope one = {}, made = {}, two = {};
        _cleanup_(buf_done) struct buf text = {}, again = {};
        struct problem problem = {};
        int r = in_toto_envelope_parse(view_of(data, size), &one, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        r = in_toto_envelope_make(one.kind, one.payload, &made, NULL);
        assert(r == 0);
        for (size_t i = 0; i < one.count; i++) {
                r = in_toto_envelope_sign(&made, one.signatures[i].id,
                                          buf_view(&one.signatures[i].value));
                assert(r == 0);
        }
        r = in_toto_envelope_put(&made, &text);
        assert(r == 0);
        r = in_toto_envelope_parse(buf_view(&text), &two, NULL);
        assert(r == 0 && two.count == one.count && json_equal(one.payload, two.payload));
        assert(view_equal(buf_view(&two.message), buf_view(&made.message)));
        r = in_toto_envelope_put(&two, &again);
        assert(r == 0 && view_equal(buf_view(&again), buf_view(&text)));
        return 0;
}
