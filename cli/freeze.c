/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "cli/agent.h"
#include "cli/confirm.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"

/* The kill switch, for one key or for all. Freezing is not asked about: it can be taken back, and
 * whoever wants it is in a hurry. */

enum { OPTION_REASON, OPTION_ID, OPTION_YES };

static json_t *parameters(const struct invocation *invocation)
{
        return json_pack("{s:s*, s:s*, s:s*}", "key",
                         invocation->operand_count > 0 ? invocation->operands[0] : NULL, "reason",
                         option_value(invocation, OPTION_REASON), "id",
                         option_value(invocation, OPTION_ID));
}

static int check(const struct invocation *invocation, struct problem *problem)
{
        return invocation->operand_count > 0 ? key_check_name(invocation->operands[0], problem) : 0;
}

static int check_reply(const json_t *reply, struct problem *problem)
{
        static const struct json_member members[] = {
                {"frozen", JSON_OBJECT, 1},
                {"thawed", JSON_STRING, 0},
        };
        static const struct json_member of_frozen[] = {
                {"key", JSON_STRING, 0},
                {"reason", JSON_STRING, 1},
                {"since", JSON_STRING, 1},
                {"uid", JSON_INTEGER, 1},
        };
        int r = json_check_members(reply, "agent: reply", members, ARRAY_SIZE(members), problem);

        return r < 0 ? r
                     : json_check_members(json_object_get(reply, "frozen"), "agent: frozen",
                                          of_frozen, ARRAY_SIZE(of_frozen), problem);
}

/* "frozen since 2026-…: key release (key leaked)" */
static int print(const json_t *reply, struct problem *problem)
{
        const json_t *frozen = json_object_get(reply, "frozen");
        const char *key = json_member_string(frozen, "key");
        const char *thawed = json_member_string(reply, "thawed");
        _cleanup_(buf_done) struct buf text = {};

        buf_put_string(&text, thawed ? "thawed at " : "frozen since ");
        output_put_text(&text, view_string(thawed ? thawed : json_member_string(frozen, "since")));
        buf_put_string(&text, key ? ": key " : ": everything");
        output_put_text(&text, view_string(key ? key : ""));
        buf_put_string(&text, " (");
        output_put_text(&text, view_string(json_member_string(frozen, "reason")));
        buf_put_string(&text, ")\n");
        return output_write(&text, problem);
}

static enum answer call(const struct invocation *invocation, const char *method,
                        struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer = agent_call(invocation->admin_socket, method, parameters(invocation),
                                        &reply, problem);
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = check_reply(reply.parameters, problem);
        if (r == 0)
                r = invocation->json ? output_write_json(json_incref(reply.parameters), problem)
                                     : print(reply.parameters, problem);
        return answer_of(r, problem);
}

static enum answer run_freeze(const struct invocation *invocation, struct problem *problem)
{
        if (check(invocation, problem) < 0)
                return ANSWER_UNKNOWN;
        if (!option_value(invocation, OPTION_REASON))
                return answer_of(problem_set(problem, -EINVAL, "freeze: expected --reason"),
                                 problem);
        return call(invocation, ADMIN ".Freeze", problem);
}

static enum answer run_thaw(const struct invocation *invocation, struct problem *problem)
{
        char question[160] = "Thaw everything? Keys sign again.";
        enum answer answer;

        if (check(invocation, problem) < 0)
                return ANSWER_UNKNOWN;
        if (invocation->operand_count > 0)
                (void)snprintf(question, sizeof(question), "Thaw key %.64s? It signs again.",
                               invocation->operands[0]);
        answer = confirm(option_value(invocation, OPTION_YES) != NULL, question, problem);
        return answer == ANSWER_YES ? call(invocation, ADMIN ".Thaw", problem) : answer;
}

#define ID_OPTION                                                                                  \
        [OPTION_ID] = {"id", "i", "ID", "name the request: once more, it is only answered"}

const struct verb verb_freeze = {
        .name = "freeze",
        .operands = "[KEY]",
        .help = "have a key, or everything, sign nothing until it is thawed",
        .operands_max = 1,
        .options = {[OPTION_REASON] = {"reason", "r", "TEXT", "why: callers are told"}, ID_OPTION},
        .run = run_freeze,
};

const struct verb verb_thaw = {
        .name = "thaw",
        .operands = "[KEY]",
        .help = "have what was frozen sign again",
        .operands_max = 1,
        .options = {[OPTION_REASON] = {"reason", "r", "TEXT", "why: recorded"},
                    ID_OPTION,
                    [OPTION_YES] = {"yes", "y", NULL, "do not ask"}},
        .run = run_thaw,
};
