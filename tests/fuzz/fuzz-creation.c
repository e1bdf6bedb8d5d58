/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/creation.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

static void put_sized(struct buf *buf, struct view view)
{
        buf_put_u16(buf, (uint16_t)view.size);
        buf_put_view(buf, view);
}

/* What was parsed is written again, and must be what was read. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf again = {}, registers = {};
        struct problem problem = {};
        struct creation creation;
        int r = creation_parse(view_of(data, size), &creation, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        buf_put_u32(&again, (uint32_t)creation.bank_count);
        for (size_t i = 0; i < creation.bank_count; i++) {
                buf_put_u16(&again, creation.banks[i].hash);
                buf_put_u8(&again, (uint8_t)creation.banks[i].map.size);
                buf_put_view(&again, creation.banks[i].map);
        }
        put_sized(&again, creation.registers);
        buf_put_u8(&again, creation.locality);
        buf_put_u16(&again, creation.parent_hash);
        put_sized(&again, creation.parent);
        put_sized(&again, creation.parent_qualified);
        put_sized(&again, creation.outside);
        assert(view_equal(buf_view(&again), view_of(data, size)));
        creation_put_registers(&registers, &creation);
        assert(buf_error(&registers) == 0);
        return 0;
}
