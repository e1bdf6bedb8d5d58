/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/record.h"
#include "lib/tile.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* A record has one text; whoever parses one verifies it, and with an empty ring no signature is
 * good. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(json_decrefp) json_t *record = NULL;
        _cleanup_(buf_done) struct buf again = {};
        const struct keyring empty = {};
        struct problem problem = {};
        int r = record_parse(view_of(data, size), &record, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0') && (r == 0) == (record != NULL));
        if (r < 0)
                return 0;
        assert(size <= ENTRY_SIZE_MAX && json_is_plain(record));
        json_put(&again, record);
        assert(view_equal(buf_view(&again), view_of(data, size)));
        assert(record_type_is_known(json_member_string(record, "type")));
        assert(record_time_is_valid(json_member_string(record, "time")));
        r = record_verify(record, &empty, &problem);
        if (record_type_signs(json_member_string(record, "type")) ||
            string_equal(json_member_string(record, "type"), "sign.logged"))
                assert(r == -ENOKEY || r == -EBADMSG);
        else
                assert(r == 0);
        return 0;
}
