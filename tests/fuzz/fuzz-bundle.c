/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bundle.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(bundle_done) struct bundle bundle = {};
        struct problem problem = {};
        int r = bundle_parse(view_of(data, size), &bundle, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        assert((r == 0) == (bundle.hint != NULL));
        if (r < 0)
                return 0;
        assert((bundle.hash != NULL) == (bundle.envelope.payload_type == NULL));
        if (!bundle.hash) {
                assert(bundle.envelope.signature.size > 0);
                return 0;
        }
        assert(bundle.digest_size >= SHA256_SIZE);
        assert(bundle.digest_size <= DIGEST_SIZE_MAX && bundle.signature.size > 0);
        return 0;
}
