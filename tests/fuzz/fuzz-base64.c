/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base64.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void check_text(struct view text)
{
        _cleanup_(buf_done) struct buf bytes = {}, again = {};
        int r = base64_decode(&bytes, text);

        assert(r == 0 || r == -EBADMSG);
        if (r < 0) {
                assert(bytes.size == 0);
                return;
        }
        base64_encode(&again, buf_view(&bytes));
        assert(buf_error(&again) == 0);
        assert(view_equal(buf_view(&again), text));
}

static void check_bytes(struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {}, again = {};
        int r;

        base64_encode(&text, bytes);
        assert(text.size == BASE64_SIZE(bytes.size));
        r = base64_decode(&again, buf_view(&text));
        assert(r == 0);
        assert(view_equal(buf_view(&again), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        check_text(view_of(data, size));
        check_bytes(view_of(data, size));
        return 0;
}
