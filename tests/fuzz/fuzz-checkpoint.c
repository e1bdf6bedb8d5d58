/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checkpoint.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define ORIGIN "example.org/host42"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        struct checkpoint checkpoint;
        int r = checkpoint_parse_text(view_of(data, size), ORIGIN, &checkpoint, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        checkpoint_put_text(&again, ORIGIN, &checkpoint);
        assert(view_equal(buf_view(&again), view_of(data, size)));
        return 0;
}
