/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/consistency.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What parses is the one text of its hashes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf again = {};
        struct merkle_proof proof = {};
        struct problem problem = {};
        int r = consistency_parse(view_of(data, size), &proof, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        consistency_put(&again, &proof);
        assert(buf_error(&again) == 0 && view_equal(buf_view(&again), view_of(data, size)));
        return 0;
}
