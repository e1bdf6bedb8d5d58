/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/armor.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* Bytes that were read can be written in both ways, and are read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf bytes = {}, text = {}, again = {}, twice = {};
        int r = armor_parse(view_of(data, size), "X", &bytes);

        assert(r == 0 || r == -EBADMSG);
        if (r < 0)
                return 0;
        armor_put(&text, "X", 64, buf_view(&bytes));
        r = armor_parse(buf_view(&text), "X", &again);
        assert(r == 0 && view_equal(buf_view(&bytes), buf_view(&again)));
        buf_clear(&text);
        armor_put_openpgp(&text, "X", buf_view(&bytes));
        r = armor_parse(buf_view(&text), "X", &twice);
        assert(r == 0 && view_equal(buf_view(&bytes), buf_view(&twice)));
        return 0;
}
