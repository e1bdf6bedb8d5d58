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

/* The version that the call wants, or the one that is current. */
static struct key *find_version(const struct agent *agent, const struct call *call,
                                const char *name)
{
        json_int_t version = json_member_integer(call->message.parameters, "version", 0);

        return version >= 0 && version <= UINT32_MAX
                       ? keystore_find(agent->store, name, (uint32_t)version)
                       : NULL;
}

/* Whether it is the current version, or one in its overlap that the call wants. If not, @call has
 * been answered. */
static int is_active(struct agent *agent, struct call *call, const struct key *key)
{
        char now[RECORD_TIME_SIZE];

        if (key->info.state != KEY_ACTIVE)
                call_fail(call, "KeyNotActive", "version %u of key \"%s\" is %s", key->info.version,
                          key->info.name, key_state_name(key->info.state));
        else if (agent_overlap_is_over(key, record_time(recorder_now(), now)))
                call_fail(call, "KeyNotActive", "version %u of key \"%s\" was active until %s",
                          key->info.version, key->info.name, key->info.overlap);
        else
                return 1;
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
        key = find_version(agent, call, name);
        if (key && agent_wait_for_key(key, call))
                return NULL; /* it comes here again */
        if (!agent_granted(agent, call, name, ret_decision))
                return NULL;
        if (!key && json_member_integer(call->message.parameters, "version", 0) != 0)
                call_fail(call, "NoSuchKey", "there is no such version of key \"%s\"", name);
        else if (!key && keystore_has_name(agent->store, name))
                call_fail(call, "KeyNotActive", "no version of key \"%s\" is active", name);
        else if (!key)
                call_fail(call, "NoSuchKey", "there is no key \"%s\"", name);
        else if (key->info.imported[0])
                call_fail(call, "KeyImported",
                          "key \"%s\" was imported: who has it signs with it elsewhere", name);
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
        else if (is_active(agent, call, key) && agent_may_sign(agent, call, name))
                return key;
        return NULL;
}
