/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"

/* A call that waits until the tokens have said how they are, or for so long. */
struct inquiry {
        struct inquiry *next;
        struct agent *agent;
        struct call *call;
        void (*answer)(struct agent *agent, struct call *call);
        sd_event_source *deadline;
};

/* Takes it out of the list. The call is the caller's. */
static struct call *inquiry_end(struct inquiry *inquiry)
{
        struct inquiry **link = &inquiry->agent->inquiries;
        struct call *call = inquiry->call;

        while (*link != inquiry)
                link = &(*link)->next;
        *link = inquiry->next;
        sd_event_source_disable_unref(inquiry->deadline);
        free(inquiry);
        return call;
}

static void inquiry_answer(struct inquiry *inquiry)
{
        struct agent *agent = inquiry->agent;
        void (*answer)(struct agent * agent, struct call * call) = inquiry->answer;

        answer(agent, inquiry_end(inquiry));
}

static int on_late(sd_event_source *source, uint64_t usec, void *context)
{
        inquiry_answer(context);
        return 0;
}

static int begin(struct agent *agent, struct call *call,
                 void (*function)(struct agent *agent, struct call *call))
{
        struct inquiry *inquiry = calloc(1, sizeof(*inquiry));
        int r;

        if (!inquiry)
                return -ENOMEM;
        *inquiry = (struct inquiry){agent->inquiries, agent, call, function, NULL};
        r = sd_event_add_time_relative(agent->event, &inquiry->deadline, CLOCK_MONOTONIC,
                                       HEALTH_WAIT_USEC, 1000, on_late, inquiry);
        if (r < 0) {
                free(inquiry);
                return r;
        }
        agent->inquiries = inquiry;
        return 0;
}

void agent_ask_tokens(struct agent *agent, struct call *call,
                      void (*answer)(struct agent *agent, struct call *call))
{
        int coming = 0;

        for (size_t i = 0; i < agent->token_count; i++)
                if (agent->tokens[i].health)
                        coming |= health_ask(agent->tokens[i].health);
        if (!coming || begin(agent, call, answer) < 0)
                answer(agent, call);
}

void agent_answer_inquiries(void *context)
{
        struct agent *agent = context;

        for (size_t i = 0; i < agent->token_count; i++)
                if (agent->tokens[i].health && health_is_coming(agent->tokens[i].health))
                        return;
        while (agent->inquiries)
                inquiry_answer(agent->inquiries);
}

void agent_drop_inquiries(struct agent *agent)
{
        while (agent->inquiries)
                call_fail(inquiry_end(agent->inquiries), "Busy", "the agent ends");
}

void agent_take_health(struct token *token, void *context)
{
        struct agent *agent = context;
        struct agent_token *slot = agent_find_slot(agent, token_name(token));
        _cleanup_(json_decrefp) json_t *health = health_to_json(token_facts(token));
        json_t *record;

        if (!slot || !health || json_object_size(health) == 0 ||
            (slot->recorded_health && json_equal(slot->recorded_health, health)))
                return;
        record = recorder_begin(&agent->recorder, "token");
        if (record) {
                (void)json_object_set(record, "health", health);
                recorder_set(record, "token", token_name(token));
        }
        recorder_note(&agent->recorder, record);
        json_decref(slot->recorded_health);
        slot->recorded_health = TAKE_PTR(health);
}
