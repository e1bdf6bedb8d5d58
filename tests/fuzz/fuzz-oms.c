/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/oms.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What was read can be written, and is read again as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(oms_done) struct oms oms = {}, again = {};
        _cleanup_(buf_done) struct buf text = {};
        const struct buf input = spool_borrow(view_of(data, size));
        struct problem problem = {};
        int r = oms_parse(&input, &oms, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert(oms.name && oms.ignored && oms.resources.count > 0);
        for (size_t i = 0; i < oms.resources.count; i++)
                assert(!inventory_name_fault(view_string(oms.resources.files[i].name)) &&
                       inventory_find(&oms.resources, oms.resources.files[i].name) ==
                               &oms.resources.files[i]);
        r = oms_put(&text, oms.name, &oms.resources, (const char *const *)oms.ignored);
        assert(r == 0);
        r = oms_parse(&text, &again, NULL);
        assert(r == 0 && again.resources.count == oms.resources.count);
        return 0;
}
