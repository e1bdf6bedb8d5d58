/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "lib/tlog-proof.h"

int agent_put_proof(struct agent *agent, uint64_t index, const struct buf *record,
                    const struct sealed *sealed, struct buf *ret, struct problem *problem)
{
        struct tlog_proof proof = {
                .extra = *record, /* borrowed */
                .has_extra = 1,
                .index = index,
                .checkpoint = sealed->note,
        };
        int r = writer_prove(agent->writer, index, sealed->checkpoint.size, &proof.path, problem);

        return r < 0 ? r : tlog_proof_put(ret, &proof);
}
