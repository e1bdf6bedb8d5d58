/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/consistency.h"

#include <errno.h>

#include "lib/base64.h"

void consistency_put(struct buf *buf, const struct merkle_proof *proof)
{
        for (size_t i = 0; i < proof->count; i++) {
                base64_encode(buf, sha256_view(&proof->hash[i]));
                buf_put_u8(buf, '\n');
        }
}

int consistency_parse(struct view text, struct merkle_proof *ret, struct problem *problem)
{
        struct reader reader = reader_init(text);
        struct merkle_proof proof = {};

        while (reader.left > 0) {
                _cleanup_(buf_done) struct buf hash = BUF_INIT(SHA256_SIZE);
                struct view line = reader_until(&reader, '\n');

                if (proof.count == MERKLE_PROOF_MAX)
                        return problem_set(problem, -EBADMSG, "proof: more than %d hashes",
                                           MERKLE_PROOF_MAX);
                if (reader.bad || base64_decode(&hash, line) < 0 || hash.size != SHA256_SIZE)
                        return problem_set(problem, -EBADMSG,
                                           "proof: line %zu: expected the base64 of %d bytes",
                                           proof.count + 1, SHA256_SIZE);
                memcpy(proof.hash[proof.count++].bytes, hash.data, SHA256_SIZE);
        }
        *ret = proof;
        return 0;
}
