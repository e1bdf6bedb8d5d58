/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/ask.h"
#include "agent/event.h"
#include "agent/message.h"
#include "agent/notify.h"
#include "agent/user-names.h"

#define PASSWD_FILE "/etc/passwd"

static int load_names(struct agent *agent, const struct config *config)
{
        struct user_names *names = NULL;
        int r = user_names_new(PASSWD_FILE, config, &names);

        if (r < 0)
                return r;
        (void)user_names_free(agent->user_names);
        agent->user_names = names;
        return 0;
}

int agent_load_config(struct agent *agent, struct config **ret, struct problem *problem)
{
        _cleanup_(config_freep) struct config *config = NULL;
        int r = config_load(agent->options.config_path, &config, problem);

        if (r < 0)
                return r;
        if (config->untrusted)
                return problem_set(problem, -EPERM, "%s", config->untrusted);
        r = load_names(agent, config);
        if (r < 0)
                return r;
        for (size_t i = 0; i < config->warnings.count; i++)
                event_log(LOG_WARNING, MESSAGE_GRANT_WIDE, "%s", config->warnings.word[i]);
        *ret = TAKE_PTR(config);
        return 0;
}

/* What a running agent cannot change. */
static int check_fixed(const struct config *old, const struct config *new, struct problem *problem)
{
        const struct {
                const char *name, *before, *after;
        } fixed[] = {
                {"Origin", old->origin, new->origin},
                {"StateDirectory", old->state_directory, new->state_directory},
                {"SignSocket", old->sign_socket, new->sign_socket},
                {"AdminSocket", old->admin_socket, new->admin_socket},
                {"Anchor", old->anchor ? old->anchor : "", new->anchor ? new->anchor : ""},
                {"the log key", old->log_key->name, new->log_key->name},
        };

        for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
                if (!string_equal(fixed[i].before, fixed[i].after))
                        return problem_set(problem, -EINVAL,
                                           "%s: \"%s\" cannot become \"%s\" without a restart",
                                           fixed[i].name, fixed[i].before, fixed[i].after);
        return 0;
}

static int keep_old_config(struct agent *agent, struct config *config)
{
        struct config **more = reallocarray(agent->old_configs, agent->old_config_count + 1,
                                            sizeof(struct config *));

        if (!more)
                return -ENOMEM;
        agent->old_configs = more;
        agent->old_configs[agent->old_config_count++] = config;
        return 0;
}

static void record_config(struct agent *agent, const struct caller *caller)
{
        json_t *record = recorder_begin(&agent->recorder, "config");
        char digest[HEX_SIZE(SHA256_SIZE)], text[8 + HEX_SIZE(SHA256_SIZE)];

        (void)snprintf(text, sizeof(text), "sha256:%s",
                       hex_encode(sha256_view(&agent->config->digest), digest));
        if (record) {
                recorder_set(record, "config", text);
                recorder_set(record, "twoPerson", config_two_person_text(agent->config));
        }
        if (record && caller)
                (void)json_object_set_new(record, "caller", caller_to_json(caller));
        recorder_note(&agent->recorder, record);
        writer_commit(agent->writer); /* whoever is told of the reload finds it in the journal */
}

/* The old ones have gone by the time that the old configuration may be of no use any more. */
static void take_witnesses(struct agent *agent)
{
        struct problem problem = {};
        int r = agent_set_up_witnesses(agent, &problem);

        if (r < 0)
                event_log(LOG_ERR, MESSAGE_WITNESS_FAILED, "no witness is asked any more: %s",
                          problem_text(&problem, r));
}

static int take_config(struct agent *agent, struct config *config, const struct caller *caller)
{
        struct config *old = agent->config;
        int r;

        r = keep_old_config(agent, old);
        if (r < 0)
                return r;
        r = agent_set_up_tokens(agent, config);
        agent->config = config;
        sealer_set_interval(agent->sealer, config->checkpoint_usec);
        if (agent->anchor)
                anchor_set_interval(agent->anchor, config->anchor_usec);
        record_config(agent, caller);
        take_witnesses(agent);
        agent_want_log_key(agent); /* a second one may have come */
        if (r == 0)
                r = agent_remind_rotations(agent);
        for (size_t i = 0; i < agent->token_count; i++)
                if (agent->tokens[i].token && token_state(agent->tokens[i].token) != TOKEN_READY)
                        token_retry(agent->tokens[i].token, 0);
        return r;
}

int agent_reload(struct agent *agent, const struct caller *caller, struct problem *problem)
{
        _cleanup_(config_freep) struct config *config = NULL;
        int r;

        notifier_say(agent->notifier, "RELOADING=1");
        r = agent_load_config(agent, &config, problem);
        if (r == 0)
                r = check_fixed(agent->config, config, problem);
        if (r == 0)
                r = agent_set_up_decisions(agent, config, problem);
        if (r == 0)
                r = take_config(agent, TAKE_PTR(config), caller);
        if (r == 0)
                event_log(LOG_NOTICE, MESSAGE_RELOADED, "configuration read again");
        else
                event_log(LOG_ERR, MESSAGE_RELOAD_FAILED, "configuration not taken: %s",
                          problem_text(problem, r));
        notifier_say(agent->notifier, "READY=1");
        return r;
}
