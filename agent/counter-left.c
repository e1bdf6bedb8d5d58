/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "agent/agent.h"
#include "agent/event.h"
#include "agent/message.h"

/* The TPM makes the use counter of a key before the key, and the key before its file. Who dies in
 * between leaves a counter that nobody uses, in memory of which a TPM has little. It cannot be told
 * from that of another agent with the same TPM, so it is not removed here. */

static int is_of(const struct key *key, const struct token *token, uint32_t counter)
{
        return key->info.gate.counter == counter &&
               string_equal(key->info.token, token_name(token));
}

static int is_used(const struct agent *agent, const struct token *token, uint32_t counter)
{
        const struct key *key;

        for (size_t i = 0; (key = keystore_at(agent->store, i)); i++)
                if (is_of(key, token, counter))
                        return 1;
        for (size_t i = 0; (key = keystore_pending_at(agent->store, i)); i++)
                if (is_of(key, token, counter))
                        return 1;
        return 0;
}

static void report(const struct token *token, const char *counter)
{
        event_log(LOG_WARNING, MESSAGE_COUNTER_LEFT,
                  "token %s has a use counter at %s that no key of this agent uses",
                  token_name(token), counter);
}

void agent_report_counters(const struct agent *agent, const struct token *token)
{
        const char *text = facts_get(token_facts(token), "use-counters");

        while (text && *text) {
                size_t length = strcspn(text, " ");
                char handle[GATE_COUNTER_TEXT];
                uint32_t counter;

                (void)snprintf(handle, sizeof(handle), "%.*s", (int)length, text);
                if (gate_counter_parse(handle, &counter) == 0 && !is_used(agent, token, counter))
                        report(token, handle);
                text += length;
                text += strspn(text, " ");
        }
}
