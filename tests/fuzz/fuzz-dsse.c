/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/dsse.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(dsse_done) struct dsse dsse = {};
        struct problem problem = {};
        json_t *object = NULL;
        int r = json_parse_object(view_of(data, size), &object, NULL);

        if (r < 0)
                return 0;
        r = dsse_parse(object, &dsse, &problem);
        json_decref(object);
        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r == 0)
                assert(dsse.payload_type && dsse.signature.size > 0);
        return 0;
}
