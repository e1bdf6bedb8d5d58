/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/policy.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

/* All witnesses are enough for any policy, none for no policy but `quorum none`, and one more never
 * makes a decision worse. */
static void check_decisions(const struct policy *policy)
{
        uint64_t times[POLICY_NODES_MAX] = {};
        int before = policy_decides(policy, times);

        assert(before == (policy->quorum == POLICY_NONE));
        for (size_t i = 0; i < policy->node_count; i++) {
                int now;

                times[i] = 1;
                now = policy_decides(policy, times);
                assert(now >= before);
                before = now;
        }
        assert(before == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(policy_freep) struct policy *policy = NULL;
        struct problem problem = {};
        int r = policy_parse(view_of(data, size), &policy, &problem);

        assert(r == 0 || r == -EBADMSG || r == -EMSGSIZE || r == -EOPNOTSUPP);
        assert((r == 0) == (problem.text[0] == '\0'));
        if (r == 0)
                check_decisions(policy);
        return 0;
}
