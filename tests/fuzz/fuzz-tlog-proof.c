/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/tlog-proof.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(tlog_proof_done) struct tlog_proof proof = {};
        _cleanup_(buf_done) struct buf again = {};
        struct problem problem = {};
        int r = tlog_proof_parse(view_of(data, size), &proof, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EMSGSIZE);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r < 0)
                return 0;
        assert(proof.path.count <= MERKLE_PROOF_MAX);
        assert(tlog_proof_put(&again, &proof) == 0);
        assert(view_equal(buf_view(&again), view_of(data, size)));
        return 0;
}
