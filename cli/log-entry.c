/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log-entry.h"

#include <errno.h>

#include "cli/agent.h"

static int read_ring(const struct varlink_reply *reply, struct keyring *ret,
                     struct problem *problem)
{
        static const struct json_member members[] = {{"keyRing", JSON_STRING, 1}};
        int r = json_check_members(reply->parameters, "agent: reply", members, 1, problem);

        if (r < 0)
                return r;
        r = keyring_parse(view_string(json_member_string(reply->parameters, "keyRing")), ret,
                          problem);
        return r < 0 ? problem_prefix(problem, r, "agent: key ring") : 0;
}

enum answer log_entry_make(const struct invocation *invocation, const char *proof,
                           const struct tlog_statement *statement, struct tlog_entry *ret,
                           struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        enum answer answer = agent_call(invocation->socket, SIGNER ".GetKeyRing",
                                        json_pack("{s:b}", "unsigned", 1), &reply, problem);
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = read_ring(&reply, &ring, problem);
        if (r < 0)
                return answer_of(r, problem);
        r = tlog_entry_from_proof(view_string(proof), &ring, ret, problem);
        if (r == 0)
                r = tlog_entry_verify(ret, &ring, statement, problem);
        if (r < 0)
                (void)problem_prefix(problem, r, "agent");
        return answer_of(r, problem);
}
