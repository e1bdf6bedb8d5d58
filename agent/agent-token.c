/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"
#include "agent/event.h"
#include "agent/message.h"
#include "agent/refused.h"

static void log_state(struct token *token)
{
        switch (token_state(token)) {
        case TOKEN_READY:
                event_log(LOG_NOTICE, MESSAGE_TOKEN_READY, "token %s is ready", token_name(token));
                break;
        case TOKEN_WRONG_PIN:
                event_log(LOG_ERR, MESSAGE_TOKEN_WRONG_PIN,
                          "token %s refused its PIN, which is not tried again: %s",
                          token_name(token), token_reason(token));
                break;
        case TOKEN_LOCKED_OUT:
                event_log(LOG_ERR, MESSAGE_TOKEN_LOCKED_OUT, "token %s is locked out: %s",
                          token_name(token), token_reason(token));
                break;
        default:
                event_log(LOG_WARNING, MESSAGE_TOKEN_LOST, "token %s is %s: %s", token_name(token),
                          token_state_name(token_state(token)), token_reason(token));
        }
}

/* It is not tried again by itself, and by no later run of the agent either. */
static void note_refusal(struct agent *agent, struct token *token, int error, const char *reason)
{
        struct problem problem = {};
        int r = refused_note(agent->config->state_directory, token_name(token), error, reason,
                             &problem);

        if (r < 0)
                event_log(LOG_ERR, MESSAGE_STORAGE_FAILED,
                          "token %s: the next start of the agent will try the PIN again: %s",
                          token_name(token), problem_text(&problem, r));
}

static void on_token_state(struct token *token, void *context)
{
        struct agent *agent = context;
        struct agent_token *slot = agent_find_slot(agent, token_name(token));
        json_t *record = recorder_begin(&agent->recorder, "token");

        log_state(token);
        if (record) {
                recorder_set(record, "reason", token_reason(token));
                recorder_set(record, "state", token_state_name(token_state(token)));
                recorder_set(record, "token", token_name(token));
        }
        recorder_note(&agent->recorder, record);
        if (token_state(token) == TOKEN_READY) {
                struct audit *audit = agent_find_audit(agent, token_name(token));

                if (audit)
                        audit_begin(audit);
                agent_begin_anchor(agent, token);
                agent_report_counters(agent, token);
                agent_undo_pending_keys(agent, token);
                agent_want_log_key(agent);
                agent_count_uses(agent, token);
                sealer_notice(agent->sealer);
        }
        agent_answer_ring_calls(agent);
        if (slot)
                agent_answer_unlock(agent, slot);
        agent_token_settled(agent);
}

static void on_process_lost(struct token *token, int error, const struct problem *problem,
                            void *context)
{
        struct audit *audit = agent_find_audit(context, token_name(token));

        if (audit)
                audit_excuse(audit);
        if (error == -EACCES || error == -EBUSY)
                note_refusal(context, token, error, problem_text(problem, error));
        event_log(LOG_WARNING, error == -ETIME ? MESSAGE_TOKEN_TIMEOUT : MESSAGE_TOKEN_LOST,
                  "token %s: driver process lost: %s", token_name(token),
                  problem_text(problem, error));
}

static const struct token_key *on_key_at(struct token *token, size_t index, void *context)
{
        struct agent *agent = context;
        struct key *key;

        for (size_t i = 0; (key = keystore_at(agent->store, i)); i++)
                if (string_equal(key->info.token, token_name(token)) &&
                    (key->info.state == KEY_ACTIVE || agent_owes_count(key)) && index-- == 0)
                        return &key->token_key;
        /* One that is being made may have to sign already: what it follows. */
        for (size_t i = 0; (key = keystore_pending_at(agent->store, i)); i++)
                if (string_equal(key->info.token, token_name(token)) && !key->interrupted &&
                    index-- == 0)
                        return &key->token_key;
        return NULL;
}

static void agent_token_done(struct agent_token *slot)
{
        slot->token = token_free(slot->token); /* records that wait find none */
        audit_free(slot->audit);
        health_free(slot->health);
        json_decref(slot->recorded_health);
        if (slot->unlocking)
                call_fail(slot->unlocking, "Busy", "the configuration has changed");
        free(slot->name);
        *slot = (struct agent_token){};
}

static int recall_refusal(struct agent *agent, struct agent_token *slot)
{
        struct problem reason = {};
        int r = refused_read(agent->config->state_directory, slot->name, &reason);

        if (r == -EACCES || r == -EBUSY) {
                token_refuse(slot->token, r, &reason);
                return 0;
        }
        return r;
}

static int set_up_token(struct agent *agent, const struct config_token *config,
                        struct agent_token *ret)
{
        const struct token_events events = {
                .state_changed = on_token_state,
                .process_lost = on_process_lost,
                .evidence = agent_take_evidence,
                .learned = agent_take_health,
                .key_at = on_key_at,
                .context = agent,
        };
        int r;

        ret->name = strdup(config->name);
        if (!ret->name)
                return -ENOMEM;
        r = token_new(agent->event, config, agent->options.drivers, &events, &ret->token,
                      &ret->problem);
        if (r == -ENOENT) {
                event_log(LOG_ERR, MESSAGE_TOKEN_LOST, "%s", ret->problem.text);
                return 0; /* the others are served all the same */
        }
        if (r == 0)
                r = health_new(ret->token, agent_answer_inquiries, agent, &ret->health);
        if (r == 0)
                r = recall_refusal(agent, ret);
        return r < 0 ? r : agent_set_up_audit(agent, config, ret);
}

/* The token of that name that can go on as it is, taken out of the old list. */
static int take_unchanged(struct agent *agent, const struct config_token *config,
                          struct agent_token *ret)
{
        const struct config_token *old =
                agent->config ? config_find_token(agent->config, config->name) : NULL;

        if (!old || !config_token_equal(old, config))
                return 0;
        for (size_t i = 0; i < agent->token_count; i++) {
                struct agent_token *slot = &agent->tokens[i];

                if (!slot->name || !slot->token || !string_equal(slot->name, config->name))
                        continue;
                *ret = *slot;
                *slot = (struct agent_token){};
                return 1;
        }
        return 0;
}

int agent_set_up_tokens(struct agent *agent, const struct config *config)
{
        struct agent_token *tokens = calloc(config->token_count, sizeof(*tokens)),
                           *old = agent->tokens;
        size_t old_count = agent->token_count;
        int r = 0;

        if (!tokens)
                return -ENOMEM;
        writer_commit(agent->writer); /* what waits for its record is of the tokens as they were */
        for (size_t i = 0; i < config->token_count; i++)
                (void)take_unchanged(agent, &config->tokens[i], &tokens[i]);
        agent->tokens = tokens;
        agent->token_count = config->token_count;
        for (size_t i = 0; i < old_count; i++)
                agent_token_done(&old[i]);
        free(old);
        for (size_t i = 0; r == 0 && i < config->token_count; i++)
                if (!tokens[i].name)
                        r = set_up_token(agent, &config->tokens[i], &tokens[i]);
        return r;
}

void agent_free_tokens(struct agent *agent)
{
        for (size_t i = 0; i < agent->token_count; i++)
                agent_token_done(&agent->tokens[i]);
        free(agent->tokens);
        agent->tokens = NULL;
        agent->token_count = 0;
}

struct agent_token *agent_find_slot(const struct agent *agent, const char *name)
{
        for (size_t i = 0; i < agent->token_count; i++)
                if (agent->tokens[i].name && string_equal(agent->tokens[i].name, name))
                        return &agent->tokens[i];
        return NULL;
}

struct token *agent_find_token(const struct agent *agent, const char *name, struct problem *problem)
{
        const struct agent_token *slot = agent_find_slot(agent, name);

        if (!slot)
                (void)problem_set(problem, -ENODEV, "is not configured");
        else if (!slot->token)
                (void)problem_set(problem, -ENODEV, "%s", slot->problem.text);
        return slot ? slot->token : NULL;
}

struct token *agent_find_signer(const struct agent *agent, const char *name,
                                struct problem *problem)
{
        struct token *token = agent_find_token(agent, name, problem);

        if (!token || !token_held(token)[0])
                return token;
        (void)problem_set(problem, -ENODEV, "%s", token_held(token));
        return NULL;
}
