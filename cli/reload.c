/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"
#include "cli/output.h"

static int print(const struct varlink_reply *reply, int json, struct problem *problem)
{
        static const struct json_member members[] = {{"digest", JSON_STRING, 1},
                                                     {"warnings", JSON_ARRAY, 0}};
        _cleanup_(buf_done) struct buf text = {};
        const json_t *warning;
        size_t i;
        int r = json_check_members(reply->parameters, "agent: reply", members, ARRAY_SIZE(members),
                                   problem);

        if (r < 0)
                return r;
        if (json)
                return output_write_json(json_incref(reply->parameters), problem);
        buf_put_string(&text, "configuration in force: ");
        output_put_text(&text, view_string(json_member_string(reply->parameters, "digest")));
        buf_put_u8(&text, '\n');
        json_array_foreach (json_object_get(reply->parameters, "warnings"), i, warning) {
                const char *line = json_string_value(warning);

                buf_put_string(&text, "warning: ");
                output_put_text(&text, view_string(line ? line : ""));
                buf_put_u8(&text, '\n');
        }
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer = agent_call(invocation->admin_socket, ADMIN ".Reload", json_object(),
                                        &reply, problem);

        if (answer != ANSWER_YES)
                return answer;
        return answer_of(print(&reply, invocation->json, problem), problem);
}

const struct verb verb_reload = {
        .name = "reload",
        .operands = "",
        .help = "have the agent read its configuration again",
        .run = run,
};
