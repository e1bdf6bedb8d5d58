/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/attest.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* The same of the other kind; what is not kept of it does not count. */
static void check_count(struct view bytes)
{
        struct problem problem = {};
        struct attest_count count = {};
        int r = attest_parse_count(bytes, &count, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        assert(count.head.signer.size <= bytes.size && count.index.size <= bytes.size);
}

static void check_counter(struct view bytes)
{
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        struct attest_counter counter = {};
        int r = attest_parse_counter(bytes, &counter, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return;
        put_head(&again, 0x8014, &counter.head);
        put_sized(&again, counter.index);
        buf_put_u16(&again, 0);
        buf_put_u16(&again, 8);
        buf_put_u64(&again, counter.value);
        assert(view_equal(buf_view(&again), bytes));
}

/* What was parsed is written again, and must be what was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        struct attest_audit attest;
        int r;

        check_count(view_of(data, size));
        check_counter(view_of(data, size));
        r = attest_parse_audit(view_of(data, size), &attest, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        put_head(&again, 0x8015, &attest.head);
        buf_put_u64(&again, attest.counter);
        buf_put_u16(&again, attest.algorithm);
        put_sized(&again, attest.digest);
        put_sized(&again, attest.commands);
        assert(view_equal(buf_view(&again), view_of(data, size)));
        return 0;
}
