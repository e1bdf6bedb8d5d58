/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include <errno.h>

/* An error that is not here, of whatever interface, means that the question was not answered. */
static const struct {
        const char *name;
        enum answer answer;
} errors[] = {
        {"BadChallenge", ANSWER_NO},
        {"ApprovalExpired", ANSWER_NO},
        {"ApprovalMismatch", ANSWER_NO},
        {"ApprovalNeeded", ANSWER_NO},
        {"BadClaims", ANSWER_NO},
        {"BadConfiguration", ANSWER_NO},
        {"BadDigest", ANSWER_NO},
        {"BadKey", ANSWER_NO},
        {"BadName", ANSWER_NO},
        {"BadStatement", ANSWER_NO},
        {"Busy", ANSWER_UNKNOWN},
        {"Frozen", ANSWER_NO},
        {"IdUsed", ANSWER_NO},
        {"JournalFull", ANSWER_UNKNOWN},
        {"JournalRolledBack", ANSWER_UNKNOWN},
        {"JournalSealed", ANSWER_UNKNOWN},
        {"KeyExists", ANSWER_NO},
        {"KeyImported", ANSWER_NO},
        {"KeyNotActive", ANSWER_NO},
        {"NoSuchApproval", ANSWER_NO},
        {"NoSuchKey", ANSWER_NO},
        {"NoSuchToken", ANSWER_NO},
        {"NoSuchRun", ANSWER_UNKNOWN},
        {"NotAttested", ANSWER_NO},
        {"NotAuthorized", ANSWER_NO},
        {"NotGranted", ANSWER_NO},
        {"NotObserved", ANSWER_NO},
        {"QuotaExceeded", ANSWER_NO},
        {"SameOperator", ANSWER_NO},
        {"StorageFailed", ANSWER_UNKNOWN},
        {"TokenFailed", ANSWER_UNKNOWN},
        {"TokenTimeout", ANSWER_UNKNOWN},
        {"TokenUnavailable", ANSWER_UNKNOWN},
        {"UnsupportedAlgorithm", ANSWER_NO},
        {"WrongState", ANSWER_NO},
};

/* "NoSuchKey" of "io.hallmark.Signer.NoSuchKey", NULL when it is of none of our interfaces. */
static const char *own_error(const char *error)
{
        static const char *const prefixes[] = {SIGNER ".", ADMIN "."};

        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
                if (strncmp(error, prefixes[i], strlen(prefixes[i])) == 0)
                        return error + strlen(prefixes[i]);
        return NULL;
}

static enum answer error_answer(const struct varlink_reply *reply, struct problem *problem)
{
        const char *name = own_error(reply->error);
        const char *reason = json_member_string(reply->parameters, "reason");

        (void)problem_set(problem, 0, "%s: %s", name ? name : reply->error,
                          reason ? reason : "the agent gave no reason");
        for (size_t i = 0; name && i < ARRAY_SIZE(errors); i++)
                if (string_equal(errors[i].name, name))
                        return errors[i].answer;
        return ANSWER_UNKNOWN;
}

enum answer agent_call(const char *path, const char *method, json_t *parameters,
                       struct varlink_reply *ret, struct problem *problem)
{
        _cleanup_(varlink_client_freep) struct varlink_client *client = NULL;
        int r = parameters ? varlink_connect(path, &client, problem) : -ENOMEM;

        if (r == 0)
                return agent_call_on(client, method, parameters, ret, problem);
        json_decref(parameters);
        return answer_of(r, problem);
}

enum answer agent_call_on(struct varlink_client *client, const char *method, json_t *parameters,
                          struct varlink_reply *ret, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        int r;

        if (!parameters)
                return answer_of(-ENOMEM, problem);
        r = varlink_request(client, method, parameters, &reply, problem);
        json_decref(parameters);
        if (r < 0)
                return answer_of(r, problem);
        if (reply.error)
                return error_answer(&reply, problem);
        if (reply.continues)
                return answer_of(problem_set(problem, -EBADMSG,
                                             "agent: expected one reply, found more announced"),
                                 problem);
        *ret = reply;
        reply.message = NULL;
        return ANSWER_YES;
}

int agent_read_key(const struct varlink_reply *reply, const char *name, struct keyring_key *ret,
                   struct problem *problem)
{
        static const struct json_member members[] = {{"key", JSON_OBJECT, 1}};
        _cleanup_(keyring_key_done) struct keyring_key key = {};
        int r = json_check_members(reply->parameters, "reply", members, 1, problem);

        if (r == 0)
                r = keyring_key_from_json(json_object_get(reply->parameters, "key"), &key, problem);
        if (r < 0)
                return problem_prefix(problem, r, "agent");
        if (!string_equal(key.name, name))
                return problem_set(problem, -EBADMSG, "agent: expected key %s, found key %s", name,
                                   key.name);
        *ret = key;
        key = (struct keyring_key){};
        return 0;
}

static json_t *get_key_parameters(const char *name, uint32_t version)
{
        if (version == 0)
                return json_pack("{s:s}", "name", name);
        return json_pack("{s:s, s:I}", "name", name, "version", (json_int_t)version);
}

enum answer agent_get_key(const char *path, const char *name, uint32_t version,
                          struct keyring_key *ret, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer;
        int r;

        answer = agent_call(path, SIGNER ".GetKey", get_key_parameters(name, version), &reply,
                            problem);
        if (answer != ANSWER_YES)
                return answer;
        r = agent_read_key(&reply, name, ret, problem);
        if (r == 0 && version > 0 && ret->version != version)
                r = problem_set(problem, -EBADMSG, "agent: expected version %u, found version %u",
                                version, ret->version);
        return answer_of(r, problem);
}
