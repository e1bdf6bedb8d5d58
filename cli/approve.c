/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "cli/agent.h"
#include "cli/confirm.h"
#include "cli/option.h"
#include "cli/output.h"

/* What another operator has asked for: shown, and approved as it was shown. */

enum { OPTION_YES };

static const struct json_member pending_members[] = {
        {"approval", JSON_STRING, 1}, {"digest", JSON_STRING, 1}, {"key", JSON_STRING, 0},
        {"method", JSON_STRING, 1},   {"reason", JSON_STRING, 0}, {"revoked", JSON_STRING, 0},
        {"time", JSON_STRING, 1},     {"uid", JSON_INTEGER, 1},   {"until", JSON_STRING, 1},
        {"version", JSON_INTEGER, 0},
};

static enum answer list_pending(const struct invocation *invocation, struct varlink_reply *ret,
                                struct problem *problem)
{
        static const struct json_member members[] = {{"pending", JSON_ARRAY, 1}};
        enum answer answer = agent_call(invocation->admin_socket, ADMIN ".ListPending",
                                        json_object(), ret, problem);
        const json_t *pending;
        size_t i;
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = json_check_members(ret->parameters, "agent: reply", members, ARRAY_SIZE(members),
                               problem);
        json_array_foreach (json_object_get(ret->parameters, "pending"), i, pending)
                if (r == 0)
                        r = json_check_members(pending, "agent: pending", pending_members,
                                               ARRAY_SIZE(pending_members), problem);
        return answer_of(r, problem);
}

/* "RevokeKey of key release version 2, reason: lost, asked by user 1001 at …" */
static void put(struct buf *text, const json_t *pending)
{
        const char *key = json_member_string(pending, "key");
        const char *reason = json_member_string(pending, "reason");
        const char *revoked = json_member_string(pending, "revoked");

        output_put_text(text, view_string(json_member_string(pending, "method")));
        buf_put_string(text, key ? " of key " : " of everything");
        output_put_text(text, view_string(key ? key : ""));
        if (json_object_get(pending, "version"))
                buf_put_format(text, " version %lld",
                               (long long)json_member_integer(pending, "version", 0));
        buf_put_string(text, revoked ? ", not believed since " : "");
        output_put_text(text, view_string(revoked ? revoked : ""));
        buf_put_string(text, reason ? ", reason: " : "");
        output_put_text(text, view_string(reason ? reason : ""));
        buf_put_format(text, ", asked by user %lld at ",
                       (long long)json_member_integer(pending, "uid", 0));
        output_put_text(text, view_string(json_member_string(pending, "time")));
}

static int print_list(const json_t *list, struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        const json_t *pending;
        size_t i;

        json_array_foreach (list, i, pending) {
                output_put_text(&text, view_string(json_member_string(pending, "approval")));
                buf_put_string(&text, ": ");
                put(&text, pending);
                buf_put_string(&text, ", until ");
                output_put_text(&text, view_string(json_member_string(pending, "until")));
                buf_put_u8(&text, '\n');
        }
        return output_write(&text, problem);
}

static const json_t *find(const json_t *list, const char *id)
{
        const json_t *pending;
        size_t i;

        json_array_foreach (list, i, pending)
                if (string_equal(json_member_string(pending, "approval"), id))
                        return pending;
        return NULL;
}

static enum answer ask(const struct invocation *invocation, const json_t *pending,
                       struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};

        buf_put_string(&text, "Approve ");
        put(&text, pending);
        buf_put_string(&text, "?");
        buf_put_u8(&text, '\0');
        if (buf_error(&text))
                return answer_of(buf_error(&text), problem);
        return confirm(option_value(invocation, OPTION_YES) != NULL, (const char *)text.data,
                       problem);
}

static enum answer approve(const struct invocation *invocation, const json_t *pending,
                           struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        _cleanup_(buf_done) struct buf text = {};
        enum answer answer = agent_call(invocation->admin_socket, ADMIN ".Approve",
                                        json_pack("{s:s, s:s}", "approval",
                                                  json_member_string(pending, "approval"), "digest",
                                                  json_member_string(pending, "digest")),
                                        &reply, problem);

        if (answer != ANSWER_YES)
                return answer;
        if (invocation->json)
                return answer_of(output_write_json(json_incref(reply.parameters), problem),
                                 problem);
        buf_put_string(&text, "done: ");
        put(&text, pending);
        buf_put_u8(&text, '\n');
        return answer_of(output_write(&text, problem), problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer = list_pending(invocation, &reply, problem);
        const json_t *list = json_object_get(reply.parameters, "pending"), *pending;

        if (answer != ANSWER_YES)
                return answer;
        if (invocation->operand_count == 0)
                return answer_of(invocation->json
                                         ? output_write_json(json_incref(reply.parameters), problem)
                                         : print_list(list, problem),
                                 problem);
        pending = find(list, invocation->operands[0]);
        if (!pending) {
                (void)problem_set(problem, -ENOENT, "approve: nothing is pending as \"%.64s\"",
                                  invocation->operands[0]);
                return ANSWER_NO;
        }
        answer = ask(invocation, pending, problem);
        return answer == ANSWER_YES ? approve(invocation, pending, problem) : answer;
}

const struct verb verb_approve = {
        .name = "approve",
        .operands = "[ID]",
        .help = "approve what another operator asked for, or list that",
        .operands_max = 1,
        .options = {[OPTION_YES] = {"yes", "y", NULL, "do not ask"}},
        .run = run,
};
