/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"
#include "cli/token.h"

static int print(const struct varlink_reply *reply, int json, struct problem *problem)
{
        static const struct json_member members[] = {{"tokens", JSON_ARRAY, 1}};
        const json_t *tokens = json_object_get(reply->parameters, "tokens");
        _cleanup_(table_done) struct table table = {};
        _cleanup_(buf_done) struct buf text = {};
        int r = json_check_members(reply->parameters, "agent: reply", members, 1, problem);

        if (r == 0)
                r = token_check_list(tokens, problem);
        if (r < 0)
                return r;
        if (json)
                return output_write_json(json_incref(reply->parameters), problem);
        token_put_rows(&table, tokens);
        table_print(&table, 0, &text);
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer = agent_call(invocation->admin_socket, ADMIN ".ListTokens",
                                        json_object(), &reply, problem);

        if (answer != ANSWER_YES)
                return answer;
        return answer_of(print(&reply, invocation->json, problem), problem);
}

const struct verb verb_token_list = {
        .group = "token",
        .name = "list",
        .operands = "",
        .help = "list the tokens, and how they are",
        .run = run,
};
