/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/agent.h"

struct audit *agent_find_audit(const struct agent *agent, const char *token)
{
        for (size_t i = 0; i < agent->token_count; i++)
                if (agent->tokens[i].name && string_equal(agent->tokens[i].name, token))
                        return agent->tokens[i].audit;
        return NULL;
}

int agent_set_up_audit(struct agent *agent, const struct config_token *config,
                       struct agent_token *slot)
{
        _cleanup_(freep) char *path = NULL;
        struct audit_options options = {
                .token = slot->token,
                .recorder = &agent->recorder,
                .interval_usec = config->audit_usec,
        };

        if (!config->audit)
                return 0;
        if (asprintf(&path, "%s/audit.%s", agent->config->state_directory, config->name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        options.path = path;
        return audit_new(agent->event, &options, &slot->audit);
}

void agent_take_evidence(struct token *token, struct operation *operation,
                         const struct operation_evidence *evidence, void *context)
{
        struct audit *audit = agent_find_audit(context, token_name(token));

        if (audit)
                audit_note(audit, operation, evidence);
}

static void on_finished(void *context)
{
        struct agent *agent = context;

        if (--agent->audits_open == 0)
                agent->audits_finished(agent);
}

void agent_finish_audits(struct agent *agent, void (*done)(struct agent *agent))
{
        agent->audits_finished = done;
        agent->audits_open = 1; /* ourselves: some finish from within */
        for (size_t i = 0; i < agent->token_count; i++) {
                if (!agent->tokens[i].audit)
                        continue;
                agent->audits_open++;
                audit_finish(agent->tokens[i].audit, on_finished, agent);
        }
        on_finished(agent);
}

void agent_save_audits(const struct agent *agent)
{
        for (size_t i = 0; i < agent->token_count; i++)
                if (agent->tokens[i].audit)
                        audit_save(agent->tokens[i].audit);
}
