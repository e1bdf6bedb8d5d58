/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attestation.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* One attestation has one text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(buf_done) struct buf again = {};
        _cleanup_(attestation_done) struct attestation attestation;
        struct problem problem = {};
        int r = attestation_parse(view_of(data, size), &attestation, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        r = attestation_put(&again, &attestation.key);
        assert(r == 0 && view_equal(buf_view(&again), view_of(data, size)));
        return 0;
}
