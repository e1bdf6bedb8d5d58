/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"
#include "agent/freeze.h"
#include "agent/hold.h"

#define CLAIMS_MAX      16
#define CLAIM_NAME_MAX  64
#define CLAIM_VALUE_MAX ((size_t)256)

int agent_check_claims(const json_t *claims, struct problem *problem)
{
        const char *name;
        json_t *value;

        if (json_object_size(claims) > CLAIMS_MAX)
                return problem_set(problem, -EBADMSG, "expected at most %d claims, found %zu",
                                   CLAIMS_MAX, json_object_size(claims));
        json_object_foreach ((json_t *)(uintptr_t)claims, name, value) {
                if (!json_is_string(value))
                        return problem_set(problem, -EBADMSG, "claim \"%.64s\": expected a string",
                                           name);
                if (name[0] == '\0' || strlen(name) > CLAIM_NAME_MAX ||
                    json_string_length(value) > CLAIM_VALUE_MAX)
                        return problem_set(
                                problem, -EBADMSG,
                                "claim \"%.64s\": expected a name of 1 to %d and a value of "
                                "at most %zu bytes",
                                name, CLAIM_NAME_MAX, CLAIM_VALUE_MAX);
        }
        return 0;
}

struct key *agent_find_signing_key(struct agent *agent, struct call *call, const char *name,
                                   struct grant_decision *ret_decision)
{
        const char *algorithm = json_member_string(call->message.parameters, "algorithm");
        struct key *key;

        if (!key_name_is_valid(name)) {
                call_fail(call, "NoSuchKey", "\"%.64s\" is no name of a key", name);
                return NULL;
        }
        if (agent_wait_for_anchor(agent, call))
                return NULL; /* likewise */
        key = keystore_find(agent->store, name, 0);
        if (key && agent_wait_for_key(key, call))
                return NULL; /* it comes here again */
        if (!agent_granted(agent, call, name, ret_decision))
                return NULL;
        if (!key && keystore_has_name(agent->store, name))
                call_fail(call, "KeyNotActive", "no version of key \"%s\" is active", name);
        else if (!key)
                call_fail(call, "NoSuchKey", "there is no key \"%s\"", name);
        else if (key->info.purpose == KEY_LOG)
                call_fail(call, "NotGranted", "key \"%s\" signs checkpoints and nothing else",
                          name);
        else if (config_find_builder_of_key(agent->config, name) &&
                 !string_equal(call->method->name, "OpenRun"))
                call_fail(call, "NotGranted",
                          "key \"%s\" is a builder's, and signs provenance of runs and nothing "
                          "else",
                          name);
        else if (algorithm && !string_equal(algorithm, key->info.algorithm->name))
                call_fail(call, "UnsupportedAlgorithm", "key \"%s\" is %s, not \"%.64s\"", name,
                          key->info.algorithm->name, algorithm);
        else if (agent_may_sign(agent, call, name))
                return key;
        return NULL;
}
