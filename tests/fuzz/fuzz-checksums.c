/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/checksums.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What was read is written in one way, and read again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(inventory_done) struct inventory inventory = {}, again = {};
        _cleanup_(buf_done) struct buf text = {}, twice = {};
        const struct buf input = spool_borrow(view_of(data, size));
        int r = checksums_parse(&input, &inventory, NULL);

        assert(r == 0 || r == -EBADMSG);
        if (r < 0)
                return 0;
        r = checksums_put(&text, &inventory);
        assert(r == 0);
        r = checksums_parse(&text, &again, NULL);
        assert(r == 0);
        r = checksums_put(&twice, &again);
        assert(r == 0 && view_equal(buf_view(&text), buf_view(&twice)));
        return 0;
}
