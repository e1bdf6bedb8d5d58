/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/attest-key.h"
#include "tests/fuzz/attest.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* What was parsed is written again, and must be what was read. */
static int check(struct view bytes, enum attest_key_type type)
{
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        struct attest_key attest;
        int r = attest_key_parse(bytes, type, &attest, &problem);

        assert(r == 0 || r == -EBADMSG);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        put_head(&again, (uint16_t)attest.type, &attest.head);
        put_sized(&again, attest.name);
        put_sized(&again, attest.further);
        assert(view_equal(buf_view(&again), bytes));
        return 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        int certified = check(view_of(data, size), ATTEST_KEY_CERTIFY);
        int created = check(view_of(data, size), ATTEST_KEY_CREATION);

        assert(!certified || !created);
        return 0;
}
