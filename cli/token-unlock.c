/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"
#include "cli/token.h"

static int print(const struct invocation *invocation, const struct varlink_reply *reply,
                 struct problem *problem)
{
        static const struct json_member members[] = {{"token", JSON_OBJECT, 1}};
        const json_t *token = json_object_get(reply->parameters, "token");
        _cleanup_(buf_done) struct buf text = {};
        int r = json_check_members(reply->parameters, "agent: reply", members, 1, problem);

        if (r == 0)
                r = token_check(token, problem);
        if (r < 0)
                return r;
        if (invocation->json)
                return output_write_json(json_incref(reply->parameters), problem);
        buf_put_format(&text, "token %s is ", invocation->operands[0]);
        output_put_text(&text, view_string(json_member_string(token, "state")));
        buf_put_u8(&text, '\n');
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer =
                agent_call(invocation->admin_socket, ADMIN ".UnlockToken",
                           json_pack("{s:s}", "name", invocation->operands[0]), &reply, problem);

        if (answer != ANSWER_YES)
                return answer;
        return answer_of(print(invocation, &reply, problem), problem);
}

const struct verb verb_token_unlock = {
        .group = "token",
        .name = "unlock",
        .operands = "NAME",
        .help = "have the PIN of a token that refused it tried once more",
        .operands_min = 1,
        .operands_max = 1,
        .run = run,
};
