/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/creation.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What was read is written canonically, which reads as the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(key_creation_done) struct key_creation creation, again = {};
        _cleanup_(buf_done) struct buf once = {}, twice = {};
        struct problem problem = {};
        int r = key_creation_parse(view_of(data, size), &creation, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert((creation.proof.size > 0) == !creation.reason);
        r = key_creation_put(&once, &creation);
        assert(r == 0 || r == -EMSGSIZE); /* escapes take more than what they stand for */
        if (r < 0)
                return 0;
        r = key_creation_parse(buf_view(&once), &again, NULL);
        assert(r == 0);
        r = key_creation_put(&twice, &again);
        assert(r == 0 && view_equal(buf_view(&once), buf_view(&twice)));
        return 0;
}
