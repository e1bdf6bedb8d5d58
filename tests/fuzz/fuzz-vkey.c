/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/vkey.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(vkey_done) struct vkey key = {};
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        int r = vkey_parse(view_of(data, size), &key, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        r = vkey_put(&again, &key);
        assert(r == 0 && view_equal(buf_view(&again), view_of(data, size)));
        return 0;
}
