/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-making.h"

/* Making it again begins when the removal ends. */
static int is_being_undone(const struct agent *agent, const char *name)
{
        const struct key *key;

        for (size_t i = 0; (key = keystore_pending_at(agent->store, i)); i++)
                if (key->undoing && string_equal(key->info.name, name))
                        return 1;
        return 0;
}

static void want(struct agent *agent, const struct config_key *section)
{
        struct token *token = agent_find_token(agent, section->token, NULL);
        struct making *making;

        if (making_name_is_taken(agent, section->name) || agent->stopping || !token ||
            token_state(token) != TOKEN_READY || writer_check(agent->writer) != WRITER_OPEN)
                return;
        making = making_new(agent, section->name, section->token);
        if (!making)
                return; /* wanted again when the token next becomes ready */
        making->algorithm = section->algorithm;
        making->info.purpose = KEY_LOG;
        making_begin(making, token);
}

void agent_want_log_key(struct agent *agent)
{
        const struct config *config = agent->config;

        if (!agent_is_anchored(agent))
                return;
        if (!keystore_log_key(agent->store))
                want(agent, config->log_key);
        if (config->second_log_key && !keystore_second_log_key(agent->store))
                want(agent, config->second_log_key);
}

static int is_coming(const struct agent *agent, const struct config_key *section)
{
        const struct token *token = agent_find_token(agent, section->token, NULL);

        return making_has_name(agent, section->name) || is_being_undone(agent, section->name) ||
               (token && token_state(token) == TOKEN_STARTING) ||
               (token && token_state(token) == TOKEN_READY && agent_anchor_is_coming(agent));
}

int agent_log_key_is_coming(const struct agent *agent)
{
        const struct config *config = agent->config;

        if (!keystore_log_key(agent->store) && is_coming(agent, config->log_key))
                return 1;
        return config->second_log_key && !keystore_second_log_key(agent->store) &&
               is_coming(agent, config->second_log_key);
}
