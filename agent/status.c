/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/freeze.h"

static json_t *facts_to_json(const struct facts *facts)
{
        json_t *object = json_object();

        for (size_t i = 0; i < facts->count; i++)
                (void)json_object_set_new(object, facts->pair[i].name,
                                          json_string(facts->pair[i].value));
        return object;
}

json_t *agent_token_to_json(const struct agent *agent, const struct agent_token *slot)
{
        const struct config_token *config = config_find_token(agent->config, slot->name);
        struct token_figures figures = {};
        struct facts none = {};
        json_t *facts = facts_to_json(slot->token ? token_facts(slot->token) : &none);

        if (slot->token)
                figures = token_figures(slot->token);
        if (slot->audit)
                (void)json_object_set_new(facts, "command-audit",
                                          json_string(audit_status(slot->audit)));
        return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "name", slot->name,
                         "driver", config ? config->driver : "", "state",
                         slot->token ? token_state_name(token_state(slot->token)) : "backing-off",
                         "reason", slot->token ? token_reason(slot->token) : slot->problem.text,
                         "workers", (json_int_t)figures.workers, "ready", (json_int_t)figures.ready,
                         "queued", (json_int_t)figures.queued, "inFlight",
                         (json_int_t)figures.in_flight, "restarts", (json_int_t)figures.restarts,
                         "facts", facts);
}

static json_t *tokens_to_json(const struct agent *agent)
{
        json_t *list = json_array();

        for (size_t i = 0; i < agent->token_count; i++)
                if (agent->tokens[i].name) /* else it is being set up */
                        (void)json_array_append_new(list,
                                                    agent_token_to_json(agent, &agent->tokens[i]));
        return list;
}

static json_t *journal_to_json(const struct agent *agent)
{
        return json_pack(
                "{s:s, s:s, s:I, s:I, s:s, s:s}", "state",
                writer_state_name(writer_check(agent->writer)), "reason",
                writer_reason(agent->writer), "size", (json_int_t)writer_head(agent->writer).size,
                "checkpointSize", (json_int_t)sealer_size(agent->sealer), "checkpointTime",
                sealer_time(agent->sealer), "checkpointProblem", sealer_reason(agent->sealer));
}

static json_t *witnesses(const struct agent *agent)
{
        return agent->witnesses ? witnesses_to_json(agent->witnesses) : json_array();
}

static void answer_tokens(struct agent *agent, struct call *call)
{
        call_reply(call, json_pack("{s:o}", "tokens", tokens_to_json(agent)));
}

void agent_list_tokens(struct agent *agent, struct call *call)
{
        agent_ask_tokens(agent, call, answer_tokens);
}

static void answer_status(struct agent *agent, struct call *call)
{
        char started[RECORD_TIME_SIZE], digest[HEX_SIZE(SHA256_SIZE)];

        call_reply(call,
                   json_pack("{s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o*, s:o, s:o}",
                             "version", HALLMARK_VERSION, "origin", agent->config->origin, "pid",
                             (json_int_t)getpid(), "started",
                             record_time(agent->started_usec, started), "digest",
                             hex_encode(sha256_view(&agent->config->digest), digest), "connections",
                             (json_int_t)server_connections(agent->server), "signatures",
                             (json_int_t)agent->signatures, "journal", journal_to_json(agent),
                             "tokens", tokens_to_json(agent), "witnesses", witnesses(agent),
                             "anchor", agent->anchor ? anchor_to_json(agent->anchor) : NULL,
                             "frozen", agent_frozen_to_json(agent), "rotations",
                             agent_rotations_to_json(agent)));
}

void agent_status(struct agent *agent, struct call *call)
{
        agent_ask_tokens(agent, call, answer_status);
}

static json_t *warnings_to_json(const struct config *config)
{
        json_t *list = json_array();

        for (size_t i = 0; i < config->warnings.count; i++)
                (void)json_array_append_new(list, json_string(config->warnings.word[i]));
        return list;
}

void agent_reload_call(struct agent *agent, struct call *call)
{
        struct grant_decision decision = {};
        struct problem problem = {};
        char digest[HEX_SIZE(SHA256_SIZE)];
        int r;

        if (!agent_granted(agent, call, NULL, &decision))
                return;
        r = agent_reload(agent, call_caller(call), &problem);
        if (r < 0)
                call_fail(call, "BadConfiguration", "%s", problem_text(&problem, r));
        else
                call_reply(call, json_pack("{s:s, s:o}", "digest",
                                           hex_encode(sha256_view(&agent->config->digest), digest),
                                           "warnings", warnings_to_json(agent->config)));
}
