/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sign-logged.h"

#include <errno.h>

#include "cli/agent.h"
#include "cli/logged.h"
#include "cli/output.h"

static enum answer get_ring(const struct invocation *invocation, struct keyring *ret,
                            struct problem *problem)
{
        static const struct json_member members[] = {{"keyRing", JSON_STRING, 1}};
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer = agent_call(invocation->socket, SIGNER ".GetKeyRing",
                                        json_pack("{s:b}", "unsigned", 1), &reply, problem);
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = json_check_members(reply.parameters, "agent: reply", members, ARRAY_SIZE(members),
                               problem);
        if (r == 0)
                r = keyring_parse(view_string(json_member_string(reply.parameters, "keyRing")), ret,
                                  problem);
        return answer_of(r, problem);
}

/* A proof of something else is no proof of this. */
static int compare(const struct logging *logging, const struct logged *logged, uint64_t index,
                   struct problem *problem)
{
        if (logged->index != index)
                return problem_set(problem, -EBADMSG,
                                   "agent: proof: expected record %llu, found %llu",
                                   (unsigned long long)index, (unsigned long long)logged->index);
        if (!view_equal(sha256_view(pubkey_fingerprint(logged->key->pubkey)),
                        sha256_view(pubkey_fingerprint(logging->key->pubkey))))
                return problem_set(problem, -EBADMSG,
                                   "agent: proof: expected key %s version %u, found %s version %u",
                                   logging->key->name, logging->key->version, logged->key->name,
                                   logged->key->version);
        if (logging->digests &&
            (!logged->digests || !json_equal(logging->digests, logged->digests)))
                return problem_set(problem, -EBADMSG,
                                   "agent: proof: not of the digests that were asked for");
        return 0;
}

enum answer sign_check_proof(const struct invocation *invocation, const struct logging *logging,
                             const char *proof, uint64_t index, struct problem *problem)
{
        _cleanup_(bundle_done) struct bundle signature = {};
        _cleanup_(logged_done) struct logged logged = {};
        _cleanup_(keyring_done) struct keyring ring = {};
        enum answer answer = get_ring(invocation, &ring, problem);
        int r;

        if (answer != ANSWER_YES)
                return answer;
        r = logged_verify(view_string(proof), &ring, &logged, &signature, problem);
        if (r < 0)
                (void)problem_prefix(problem, r, "agent");
        else
                r = compare(logging, &logged, index, problem);
        return answer_of(r, problem);
}

static int check_reply(const struct logging *logging, const json_t *reply, struct problem *problem)
{
        static const struct json_member members[] = {
                {"fingerprint", JSON_STRING, 1}, {"index", JSON_INTEGER, 1},
                {"key", JSON_STRING, 1},         {"proof", JSON_STRING, 1},
                {"time", JSON_STRING, 1},        {"version", JSON_INTEGER, 1},
        };
        int r = json_check_members(reply, "agent: reply", members, ARRAY_SIZE(members), problem);

        if (r < 0)
                return r;
        if (!string_equal(json_member_string(reply, "key"), logging->key->name) ||
            json_member_integer(reply, "version", 0) != logging->key->version)
                return problem_set(problem, -EBADMSG, "agent: expected key %s version %u",
                                   logging->key->name, logging->key->version);
        return 0;
}

static int print_facts(const struct logging *logging, const json_t *reply, int json,
                       struct problem *problem)
{
        _cleanup_(buf_done) struct buf text = {};
        size_t count = json_array_size(logging->digests);

        if (string_equal(logging->output, "-"))
                return 0;
        if (json)
                return output_write_json(
                        json_pack("{s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:O}", "output",
                                  logging->output, "format", "tlog-proof", "key",
                                  json_object_get(reply, "key"), "version",
                                  json_object_get(reply, "version"), "fingerprint",
                                  json_object_get(reply, "fingerprint"), "digests",
                                  logging->digests, "index", json_object_get(reply, "index"),
                                  "time", json_object_get(reply, "time")),
                        problem);
        output_put_text(&text, view_string(logging->output));
        buf_put_format(&text, ": logged under key %s version %u, %zu digest%s, record %lld\n",
                       logging->key->name, logging->key->version, count, count == 1 ? "" : "s",
                       (long long)json_member_integer(reply, "index", 0));
        return output_write(&text, problem);
}

enum answer sign_logged(const struct invocation *invocation, const struct logging *logging,
                        struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        json_t *call = json_pack("{s:s, s:O, s:o*}", "key", logging->key->name, "digests",
                                 logging->digests, "claims", logging->claims);
        enum answer answer;
        const char *proof;
        int r;

        if (call && logging->version > 0)
                (void)json_object_set_new(call, "version", json_integer(logging->version));
        answer = agent_call(invocation->socket, SIGNER ".SignLogged", call, &reply, problem);

        if (answer != ANSWER_YES)
                return answer;
        r = check_reply(logging, reply.parameters, problem);
        if (r < 0)
                return answer_of(r, problem);
        proof = json_member_string(reply.parameters, "proof");
        answer = sign_check_proof(invocation, logging, proof,
                                  (uint64_t)json_member_integer(reply.parameters, "index", 0),
                                  problem);
        if (answer != ANSWER_YES)
                return answer;
        r = output_write_file(logging->output, view_string(proof), problem);
        if (r == 0)
                r = print_facts(logging, reply.parameters, invocation->json, problem);
        return answer_of(r, problem);
}
