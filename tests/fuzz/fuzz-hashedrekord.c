/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/hashedrekord.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(hashedrekord_done) struct hashedrekord entry = {};
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        struct view digest;
        int r = hashedrekord_parse(view_of(data, size), &entry, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert(hashedrekord_is(view_of(data, size)));
        digest = view_of(entry.digest, entry.algorithm->digest_size);
        r = hashedrekord_put(&again, entry.pubkey, entry.algorithm, digest,
                             buf_view(&entry.signature));
        assert(r == 0 && view_equal(buf_view(&again), view_of(data, size)));
        r = hashedrekord_restates(view_of(data, size), entry.pubkey, entry.algorithm, digest,
                                  buf_view(&entry.signature), NULL);
        assert(r == 0);
        return 0;
}
