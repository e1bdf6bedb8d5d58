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

void agent_want_log_key(struct agent *agent)
{
        const struct config_key *section = agent->config->log_key;
        struct token *token = agent_find_token(agent, section->token, NULL);
        struct making *making;

        if (making_name_is_taken(agent, section->name) || agent->stopping ||
            keystore_log_key(agent->store) || !token || token_state(token) != TOKEN_READY ||
            writer_check(agent->writer) != WRITER_OPEN)
                return;
        making = making_new(agent, section->name, section->token);
        if (!making)
                return; /* wanted again when the token next becomes ready */
        making->algorithm = section->algorithm;
        making->info.purpose = KEY_LOG;
        making_begin(making, token);
}

int agent_log_key_is_coming(const struct agent *agent)
{
        const struct config_key *section = agent->config->log_key;
        const struct token *token = agent_find_token(agent, section->token, NULL);

        if (keystore_log_key(agent->store))
                return 0;
        return making_has_name(agent, section->name) || is_being_undone(agent, section->name) ||
               (token && token_state(token) == TOKEN_STARTING);
}
