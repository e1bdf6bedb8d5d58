/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/clock.h"

#define CALLS_MAX ((size_t)4096)           /* that wait for the first anchor */
#define WAIT_USEC ((uint64_t)10 * 1000000) /* they are told, if it is not there by then */

static struct token *on_find_token(void *context)
{
        struct agent *agent = context;

        return agent_find_token(agent, agent->config->anchor, NULL);
}

/* Those who waited come again, and are answered or wait on. */
static void release_calls(struct agent *agent)
{
        struct call *call = agent->anchor_calls, *first = NULL, *next;

        for (; call; call = next) { /* the last that came is the first in the list */
                next = call->parked;
                call->parked = first;
                first = call;
        }
        agent->anchor_calls = NULL;
        agent->anchor_call_count = 0;
        for (call = first; call; call = next) {
                next = call->parked;
                call->parked = NULL;
                if (call->connection)
                        call->method->handle(agent, call);
                else
                        call_fail(call, "Busy", "the connection is gone");
        }
}

/* What the agent does by itself: a key that is not finished in an older journal may be one that
 * people have used since. */
static void begin_work(struct agent *agent)
{
        if (agent->anchored || agent->stopping)
                return;
        agent->anchored = 1;
        for (size_t i = 0; i < agent->token_count; i++)
                if (agent->tokens[i].token && token_state(agent->tokens[i].token) == TOKEN_READY)
                        agent_undo_pending_keys(agent, agent->tokens[i].token);
        agent_want_log_key(agent);
}

static void on_changed(void *context)
{
        struct agent *agent = context;

        if (anchor_is_served(agent->anchor)) {
                sealer_release(agent->sealer);
                begin_work(agent);
        } else {
                sealer_hold(agent->sealer, anchor_reason(agent->anchor));
        }
        release_calls(agent);
        agent_answer_ring_calls(agent);
}

static int on_late(sd_event_source *source, uint64_t usec, void *context)
{
        struct agent *agent = context;

        agent->anchor_late = 1;
        release_calls(agent);
        agent->anchor_late = 0;
        return 0;
}

int agent_set_up_anchor(struct agent *agent, struct problem *problem)
{
        _cleanup_(freep) char *path = NULL, *hint = NULL;
        const struct config *config = agent->config;
        struct anchor_options options = {
                .recorder = &agent->recorder,
                .origin = config->origin,
                .token = config->anchor,
                .interval_usec = config->anchor_usec,
                .events = {on_find_token, on_changed, agent},
        };
        int r;

        if (!config->anchor)
                return 0;
        if (asprintf(&path, "%s/journal", config->state_directory) < 0)
                path = NULL;
        if (asprintf(&hint, "%s/anchor", config->state_directory) < 0)
                hint = NULL;
        if (!path || !hint)
                return -ENOMEM;
        options.path = path;
        options.hint = hint;
        r = anchor_new(agent->event, &options, &agent->anchor, problem);
        if (r < 0)
                return r;
        sealer_hold(agent->sealer, "the journal is not anchored yet");
        r = sd_event_add_time(agent->event, &agent->anchor_timer, CLOCK_MONOTONIC, 0, 0, on_late,
                              agent);
        return r < 0 ? r : sd_event_source_set_enabled(agent->anchor_timer, SD_EVENT_OFF);
}

void agent_begin_anchor(struct agent *agent, const struct token *token)
{
        if (agent->anchor && string_equal(token_name(token), agent->config->anchor))
                anchor_begin(agent->anchor);
}

void agent_free_anchor(struct agent *agent)
{
        release_calls(agent); /* their connections have gone */
        sd_event_source_disable_unref(agent->anchor_timer);
        agent->anchor_timer = NULL;
        agent->anchor = anchor_free(agent->anchor);
}

void agent_hurry_anchor(struct agent *agent)
{
        release_calls(agent);
}

/* Why the first anchor is not to be expected soon; or an empty text. */
static void find_obstacle(const struct agent *agent, struct problem *ret)
{
        const struct token *token = agent_find_token(agent, agent->config->anchor, ret);

        if (anchor_reason(agent->anchor)[0])
                (void)problem_set(ret, -ENODEV, "the journal is not anchored: %s",
                                  anchor_reason(agent->anchor));
        else if (token && token_state(token) != TOKEN_READY && token_state(token) != TOKEN_STARTING)
                (void)problem_set(ret, -ENODEV, "the journal is not anchored: it is %s: %s",
                                  token_state_name(token_state(token)), token_reason(token));
        else if (agent->stopping)
                (void)problem_set(ret, -ENODEV,
                                  "the journal is not anchored: the agent is stopping");
        else if (agent->anchor_late)
                (void)problem_set(ret, -ENODEV, "the journal is not anchored after %llu s",
                                  (unsigned long long)WAIT_USEC / 1000000);
}

static void park(struct agent *agent, struct call *call)
{
        if (agent->anchor_call_count >= CALLS_MAX) {
                call_fail(call, "Busy", "%zu calls wait for the first anchor already",
                          agent->anchor_call_count);
                return;
        }
        if (agent->anchor_call_count == 0 &&
            (sd_event_source_set_time_relative(agent->anchor_timer, WAIT_USEC) < 0 ||
             sd_event_source_set_enabled(agent->anchor_timer, SD_EVENT_ONESHOT) < 0)) {
                call_fail(call, "Busy", "no timer"); /* better refused than without a deadline */
                return;
        }
        call->parked = agent->anchor_calls;
        agent->anchor_calls = call;
        agent->anchor_call_count++;
}

int agent_is_anchored(const struct agent *agent)
{
        return !agent->anchor || anchor_is_served(agent->anchor);
}

int agent_anchor_is_coming(const struct agent *agent)
{
        struct problem obstacle = {};

        if (agent_is_anchored(agent) || anchor_state(agent->anchor) == ANCHOR_ROLLED_BACK)
                return 0;
        find_obstacle(agent, &obstacle);
        return !obstacle.text[0];
}

int agent_wait_for_anchor(struct agent *agent, struct call *call)
{
        struct problem obstacle = {};

        if (agent_is_anchored(agent))
                return 0;
        if (anchor_state(agent->anchor) == ANCHOR_ROLLED_BACK) {
                call_fail(call, "JournalRolledBack", "%s", anchor_reason(agent->anchor));
                return 1;
        }
        find_obstacle(agent, &obstacle);
        if (obstacle.text[0])
                agent_fail_token(call, agent->config->anchor, -ENODEV, &obstacle);
        else
                park(agent, call);
        return 1;
}

static void on_finished(void *context)
{
        struct agent *agent = context;

        agent->anchor_finished(agent);
}

void agent_finish_anchor(struct agent *agent, void (*done)(struct agent *agent))
{
        agent->anchor_finished = done;
        if (agent->anchor)
                anchor_finish(agent->anchor, on_finished, agent);
        else
                done(agent);
}

/* An operator's word on its way into the journal. */
struct acknowledging {
        struct agent *agent;
        struct call *call;
};

static void on_acknowledged(void *context, int error)
{
        struct acknowledging *acknowledging = context;
        struct agent *agent = acknowledging->agent;

        if (error < 0)
                agent_fail_journal(agent, acknowledging->call, error);
        else
                call_reply(acknowledging->call, NULL);
        free(acknowledging);
        agent_progress_ended(agent);
}

static int acknowledge(struct agent *agent, struct call *call, const char *grant)
{
        struct acknowledging *acknowledging = calloc(1, sizeof(*acknowledging));
        _cleanup_(json_decrefp) json_t *caller = caller_to_json(call_caller(call));
        char request[CALL_REQUEST_SIZE];
        const struct anchor_acknowledgement said = {
                .caller = caller,
                .grant = grant,
                .request = call_request(call, request),
                .reason = json_member_string(call->message.parameters, "reason"),
                .done = on_acknowledged,
                .context = acknowledging,
        };
        int r;

        if (!acknowledging)
                return -ENOMEM;
        *acknowledging = (struct acknowledging){agent, call};
        agent->in_progress++;
        r = anchor_acknowledge(agent->anchor, &said);
        if (r < 0) {
                agent->in_progress--;
                free(acknowledging);
        }
        return r;
}

void agent_acknowledge_rollback(struct agent *agent, struct call *call)
{
        const char *reason = json_member_string(call->message.parameters, "reason");
        struct grant_decision decision = {};
        int r;

        if (!agent_granted(agent, call, NULL, &decision))
                return;
        if (!key_reason_is_valid(reason)) {
                call_fail(call, "BadName", "reason: expected 1 to %d bytes", KEY_REASON_MAX);
                return;
        }
        r = agent->anchor ? acknowledge(agent, call, decision.grant) : -EINVAL;
        if (r == -EINVAL)
                call_fail(call, "WrongState", "the journal is not rolled back, as far as is known");
        else if (r < 0)
                agent_fail_journal(agent, call, r);
}
