/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/frame.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void check_facts(struct view fields)
{
        _cleanup_(facts_done) struct facts facts = {};
        _cleanup_(buf_done) struct buf again = {};
        struct reader reader = reader_init(fields);
        int r = frame_read_facts(&reader, &facts);

        assert(r == 0 || r == -EBADMSG);
        assert(facts.count <= FRAME_FACTS_MAX);
        if (r < 0)
                return;
        frame_put_facts(&again, &facts);
        assert(view_equal(buf_view(&again), fields));
        for (size_t i = 0; i < facts.count; i++)
                assert(facts_get(&facts, facts.pair[i].name) == facts.pair[i].value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf again = {};
        struct frame frame;
        int r = frame_decode(view_of(data, size), &frame);

        assert(r == 0 || r == -EBADMSG);
        if (r < 0)
                return 0;
        frame_put_head(&again, frame.operation, frame.id, frame.status);
        buf_put_view(&again, frame.fields);
        assert(view_equal(buf_view(&again), view_of(data, size)));
        assert(frame_status_of(frame_error_of(frame.status)) == frame.status);
        check_facts(frame.fields);
        return 0;
}
