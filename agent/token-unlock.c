/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/refused.h"

/* UnlockToken, until its record is durable. */
struct unlock {
        struct agent *agent;
        struct call *call;
        char name[KEY_NAME_MAX + 1];
};

void agent_answer_unlock(struct agent *agent, struct agent_token *slot)
{
        struct call *call = slot->unlocking;
        struct problem problem = {};

        if (!call || token_state(slot->token) == TOKEN_STARTING)
                return;
        slot->unlocking = NULL;
        if (token_state(slot->token) == TOKEN_READY) {
                call_reply(call, json_pack("{s:o}", "token", agent_token_to_json(agent, slot)));
                return;
        }
        (void)problem_set(&problem, 0, "%s: %s", token_state_name(token_state(slot->token)),
                          token_reason(slot->token));
        agent_fail_token(call, slot->name, -ENODEV, &problem);
}

/* What an operator said holds for the next try, whether this run of the agent makes it or the next.
 */
static void try_again(struct agent *agent, struct agent_token *slot, struct call *call)
{
        struct problem problem = {};
        int r = refused_forget(agent->config->state_directory, slot->name, &problem);

        if (r < 0) {
                call_fail(call, "StorageFailed", "%s", problem_text(&problem, r));
                return;
        }
        slot->unlocking = call;
        token_retry(slot->token, 1);
        agent_answer_unlock(agent, slot);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct unlock *unlock = context;
        struct agent *agent = unlock->agent;
        struct agent_token *slot = agent_find_slot(agent, unlock->name);

        if (error < 0)
                agent_fail_journal(agent, unlock->call, error);
        else if (!slot || !slot->token || slot->unlocking)
                call_fail(unlock->call, "Busy", "token \"%s\" is being set up or unlocked",
                          unlock->name);
        else
                try_again(agent, slot, unlock->call);
        free(unlock);
        agent_progress_ended(agent);
}

static json_t *make_record(struct agent *agent, const struct agent_token *slot, struct call *call,
                           const struct grant_decision *decision)
{
        json_t *record = recorder_begin(&agent->recorder, "token.unlock");
        char request[CALL_REQUEST_SIZE];

        if (!record)
                return NULL;
        (void)json_object_set_new(record, "caller", caller_to_json(call_caller(call)));
        recorder_set(record, "grant", decision->grant);
        recorder_set(record, "reason", token_reason(slot->token));
        recorder_set(record, "request", call_request(call, request));
        recorder_set(record, "state", token_state_name(token_state(slot->token)));
        recorder_set(record, "token", slot->name);
        return record;
}

static void begin(struct agent *agent, const struct agent_token *slot, struct call *call,
                  const struct grant_decision *decision)
{
        struct unlock *unlock = calloc(1, sizeof(*unlock));
        int r;

        if (!unlock) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        unlock->agent = agent;
        unlock->call = call;
        (void)snprintf(unlock->name, sizeof(unlock->name), "%s", slot->name);
        agent->in_progress++;
        r = recorder_append(&agent->recorder, make_record(agent, slot, call, decision), on_recorded,
                            unlock);
        if (r < 0)
                on_recorded(unlock, r, 0);
}

void agent_unlock_token(struct agent *agent, struct call *call)
{
        const char *name = json_member_string(call->message.parameters, "name");
        struct agent_token *slot = agent_find_slot(agent, name);
        struct grant_decision decision = {};

        if (!agent_granted(agent, call, NULL, &decision))
                return;
        if (!slot) {
                call_fail(call, "NoSuchToken", "there is no token \"%.64s\"", name);
                return;
        }
        if (!slot->token) {
                agent_fail_token(call, name, -ENODEV, &slot->problem);
                return;
        }
        if (slot->unlocking || token_state(slot->token) == TOKEN_STARTING) {
                call_fail(call, "Busy", "token \"%s\" is being tried right now", name);
                return;
        }
        if (token_state(slot->token) == TOKEN_READY && !token_has_refused(slot->token)) {
                call_reply(call, json_pack("{s:o}", "token", agent_token_to_json(agent, slot)));
                return;
        }
        if (agent_can_record(agent, call))
                begin(agent, slot, call, &decision);
}
