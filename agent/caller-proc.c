/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/caller.h"

#include <errno.h>

#define STAT_FIELDS_BEFORE_START 19 /* from the state, field 3, to field 21 */

int caller_parse_stat(struct view text, uint64_t *ret_start_ticks)
{
        const uint8_t *bracket = memrchr(text.data, ')', text.size);
        struct reader reader;
        uint64_t start;

        if (!bracket)
                return -EBADMSG;
        reader = reader_init(view_of(bracket + 1, text.size - (size_t)(bracket + 1 - text.data)));
        reader_expect(&reader, " ");
        for (int i = 0; i < STAT_FIELDS_BEFORE_START; i++)
                (void)reader_until(&reader, ' ');
        if (view_parse_decimal(reader_until(&reader, ' '), &start) < 0 || reader.bad)
                return -EBADMSG;
        *ret_start_ticks = start;
        return 0;
}
