/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "cli/agent.h"
#include "cli/confirm.h"
#include "cli/option.h"
#include "cli/output.h"

enum { OPTION_REASON, OPTION_YES };

/* What the agent says of it, to be asked about. */
static enum answer find_reason(const struct invocation *invocation, char ret[PROBLEM_TEXT_MAX],
                               struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer = agent_call(invocation->admin_socket, ADMIN ".Status", json_object(),
                                        &reply, problem);
        const char *state, *reason;
        const json_t *anchor;

        if (answer != ANSWER_YES)
                return answer;
        anchor = json_object_get(reply.parameters, "anchor");
        state = json_member_string(anchor, "state");
        reason = json_member_string(anchor, "reason");
        if (!state || !reason || !string_equal(state, "rolled-back")) {
                (void)problem_set(problem, -EINVAL,
                                  "journal acknowledge-rollback: the journal is not rolled back, "
                                  "as far as the agent knows");
                return ANSWER_NO;
        }
        (void)snprintf(ret, PROBLEM_TEXT_MAX, "%s", reason);
        return ANSWER_YES;
}

static enum answer ask(const struct invocation *invocation, struct problem *problem)
{
        char reason[PROBLEM_TEXT_MAX], question[PROBLEM_TEXT_MAX + 128];
        _cleanup_(buf_done) struct buf text = {};
        enum answer answer = find_reason(invocation, reason, problem);

        if (answer != ANSWER_YES)
                return answer;
        output_put_text(&text, view_string(reason));
        if (buf_error(&text))
                return answer_of(buf_error(&text), problem);
        (void)snprintf(question, sizeof(question),
                       "%.*s. Sign on with this journal? Auditors will be told, for ever.",
                       (int)text.size, (const char *)text.data);
        return confirm(option_value(invocation, OPTION_YES) != NULL, question, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        const char *reason = option_value(invocation, OPTION_REASON);
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        _cleanup_(buf_done) struct buf text = {};
        enum answer answer;

        if (!reason)
                return answer_of(problem_set(problem, -EINVAL,
                                             "journal acknowledge-rollback: expected --reason"),
                                 problem);
        answer = ask(invocation, problem);
        if (answer == ANSWER_YES)
                answer = agent_call(invocation->admin_socket, ADMIN ".AcknowledgeRollback",
                                    json_pack("{s:s}", "reason", reason), &reply, problem);
        if (answer != ANSWER_YES)
                return answer;
        if (invocation->json)
                return answer_of(output_write_json(json_incref(reply.parameters), problem),
                                 problem);
        buf_put_string(&text, "acknowledged: the agent goes on with this journal\n");
        return answer_of(output_write(&text, problem), problem);
}

const struct verb verb_journal_acknowledge_rollback = {
        .group = "journal",
        .name = "acknowledge-rollback",
        .operands = "",
        .help = "have the agent sign on although the TPM has counted more than the journal has",
        .options = {[OPTION_REASON] = {"reason", "r", "TEXT", "why: recorded"},
                    [OPTION_YES] = {"yes", "y", NULL, "do not ask"}},
        .run = run,
};
