/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-making.h"

#include <errno.h>

#include "lib/base64.h"

/* The purpose asked for, else that of the [Key] section, else general. */
static int choose_purpose(const struct agent *agent, const json_t *parameters, const char *name,
                          enum key_purpose *ret, struct problem *problem)
{
        const char *purpose = json_member_string(parameters, "purpose");
        const struct config_key *section = config_find_key(agent->config, name);

        *ret = section ? section->purpose : KEY_GENERAL;
        if (purpose && key_purpose_parse(purpose, ret) < 0)
                return problem_set(problem, -EINVAL, "purpose \"%.64s\" is unknown", purpose);
        if (*ret == KEY_LOG)
                return problem_set(problem, -EINVAL, "the agent makes the log key itself");
        if (section && *ret != section->purpose)
                return problem_set(problem, -EINVAL, "%s: the purpose of key \"%s\" is %s",
                                   section->place, name, key_purpose_name(section->purpose));
        return 0;
}

/* What the [Key] section of that name says is binding. */
int making_apply_section(const struct agent *agent, const char *name, const char *token,
                         const char *algorithm, struct keyring_key *ret, struct problem *problem)
{
        const struct config_key *section = config_find_key(agent->config, name);

        if (section && !string_equal(section->token, token))
                return problem_set(problem, -EINVAL, "%s: key \"%s\" belongs to token %s",
                                   section->place, name, section->token);
        if (section && !string_equal(section->algorithm->name, algorithm))
                return problem_set(problem, -EINVAL, "%s: the algorithm of key \"%s\" is %s",
                                   section->place, name, section->algorithm->name);
        if (section)
                ret->transparency = section->transparency;
        if (ret->transparency == TRANSPARENCY_REKOR && algorithm_signs_messages(ret->algorithm))
                return problem_set(problem, -EINVAL,
                                   "key \"%s\" is transparent, and rekor has no entries of %s "
                                   "signatures",
                                   name, algorithm);
        return 0;
}

/* What the section of the key wants of the token. */
int making_want_gate(struct making *making, const struct config_key *section)
{
        _cleanup_(buf_done) struct buf witness = {};
        int r = 0;

        if (!section)
                return 0;
        making->use_counter = section->use_counter;
        if (section->use_counter)
                r = facts_add(&making->options, "UseCounter", "yes");
        if (r < 0 || !section->gate.witness)
                return r;
        base64_encode(&witness, pubkey_spki(section->gate.witness));
        buf_put_u8(&witness, '\0');
        r = buf_error(&witness);
        if (r == 0)
                r = facts_add(&making->options, "Witness", (const char *)witness.data);
        return r < 0 ? r : gate_copy(&section->gate, &making->info.gate);
}

/* The name of the error that stands against it, or NULL. */
static const char *check_creation(struct agent *agent, const json_t *parameters,
                                  struct keyring_key *ret, struct problem *problem)
{
        const char *name = json_member_string(parameters, "name");
        const char *token = json_member_string(parameters, "token");
        const char *algorithm = json_member_string(parameters, "algorithm");

        if (making_name_is_taken(agent, name)) {
                (void)problem_set(problem, 0, "key \"%s\" is there already", name);
                return "KeyExists";
        }
        if (!config_find_token(agent->config, token)) {
                (void)problem_set(problem, 0, "there is no token \"%.64s\"", token);
                return "NoSuchToken";
        }
        ret->algorithm = algorithm_find(algorithm);
        if (!ret->algorithm) {
                (void)problem_set(problem, 0, "algorithm \"%.64s\" is unknown", algorithm);
                return "UnsupportedAlgorithm";
        }
        if (choose_purpose(agent, parameters, name, &ret->purpose, problem) < 0 ||
            making_apply_section(agent, name, token, algorithm, ret, problem) < 0)
                return "BadName";
        return NULL;
}

void agent_create_key(struct agent *agent, struct call *call)
{
        const json_t *parameters = call->message.parameters;
        const char *name = json_member_string(parameters, "name"), *error;
        struct grant_decision decision = {};
        struct problem problem = {};
        struct keyring_key info = {};
        struct making *making;
        struct token *token;

        if (!key_request_begin(agent, call, name, &decision))
                return;
        error = check_creation(agent, parameters, &info, &problem);
        if (error) {
                call_fail(call, error, "%s", problem.text);
                return;
        }
        token = agent_find_token(agent, json_member_string(parameters, "token"), &problem);
        if (!token) {
                agent_fail_token(call, json_member_string(parameters, "token"), -ENODEV, &problem);
                return;
        }
        making = making_new(agent, name, token_name(token));
        if (!making) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        making->call = call;
        making->caller = caller_to_json(call_caller(call));
        making->decision = decision;
        making->algorithm = info.algorithm;
        making->info.purpose = info.purpose;
        making->info.transparency = info.transparency;
        if (making_want_gate(making, config_find_key(agent->config, name)) < 0) {
                call_fail(call, "Busy", "out of memory");
                making_free(making);
                return;
        }
        (void)call_request(call, making->request);
        key_request_id(call, making->id);
        making_begin(making, token);
}
