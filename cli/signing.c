/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/signing.h"

#include <errno.h>

#include "cli/agent.h"
#include "cli/log-entry.h"
#include "cli/sign-logged.h"
#include "lib/base64.h"
#include "lib/signed-message.h"

void signing_done(struct signing *signing)
{
        if (!signing)
                return;
        keyring_key_done(&signing->key);
        json_decref(signing->claims);
        buf_done(&signing->authorization);
        varlink_reply_done(&signing->reply);
        buf_done(&signing->value);
        tlog_entry_done(&signing->entry);
}

enum answer signing_open(const struct invocation *invocation, const char *key, struct signing *ret,
                         struct problem *problem)
{
        return agent_get_key(invocation->socket, key, ret->version, &ret->key, problem);
}

static void put_digest(const struct signing *signing, struct buf *ret)
{
        digest_put(ret, signing->key.algorithm->hash, signing->digest);
        buf_put_u8(ret, '\0');
}

/* Where the message is signed, the agent wants that, too. */
static int add_message(const struct signing *signing, json_t *call)
{
        _cleanup_(buf_done) struct buf text = {};

        if (!algorithm_signs_messages(signing->key.algorithm))
                return 0;
        base64_encode(&text, signing->message);
        buf_put_u8(&text, '\0');
        if (buf_error(&text) ||
            json_object_set_new(call, "message", json_string((const char *)text.data)) < 0)
                return -ENOMEM;
        return 0;
}

static int build_call(const struct signing *signing, json_t **ret)
{
        _cleanup_(buf_done) struct buf digest = {};
        int proof = signing->wants_entry || signing->wants_proof;

        put_digest(signing, &digest);
        if (buf_error(&digest))
                return buf_error(&digest);
        if (signing->statement.size > 0)
                *ret = json_pack("{s:s, s:s%, s:O*, s:o*}", "key", signing->key.name, "statement",
                                 signing->statement.data, signing->statement.size, "claims",
                                 signing->claims, "proof", proof ? json_true() : NULL);
        else
                *ret = json_pack("{s:s, s:s, s:s, s:O*, s:o*}", "key", signing->key.name, "digest",
                                 (const char *)digest.data, "algorithm",
                                 signing->key.algorithm->name, "claims", signing->claims, "proof",
                                 proof ? json_true() : NULL);
        if (*ret && signing->authorization.size > 0 &&
            json_object_set_new(*ret, "authorization",
                                json_stringn((const char *)signing->authorization.data,
                                             signing->authorization.size)) < 0) {
                json_decref(*ret);
                return -ENOMEM;
        }
        if (*ret && signing->version > 0 &&
            json_object_set_new(*ret, "version", json_integer(signing->version)) < 0) {
                json_decref(*ret);
                return -ENOMEM;
        }
        if (*ret && add_message(signing, *ret) < 0) {
                json_decref(*ret);
                return -ENOMEM;
        }
        return *ret ? 0 : -ENOMEM;
}

static int expect_member(const json_t *reply, const char *member, const char *expected,
                         struct problem *problem)
{
        const char *found = json_member_string(reply, member);

        if (string_equal(found, expected))
                return 0;
        return problem_set(problem, -EBADMSG, "agent: %s: expected %s, found %.150s", member,
                           expected, found);
}

static int check_members(const struct signing *signing, struct problem *problem)
{
        _cleanup_(buf_done) struct buf digest = {};
        const json_t *reply = signing->reply.parameters;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        int r;

        put_digest(signing, &digest);
        r = buf_error(&digest);
        (void)hex_encode(sha256_view(pubkey_fingerprint(signing->key.pubkey)), fingerprint);
        if (r == 0)
                r = expect_member(reply, "key", signing->key.name, problem);
        if (r == 0)
                r = expect_member(reply, "digest", (const char *)digest.data, problem);
        if (r == 0)
                r = expect_member(reply, "algorithm", signing->key.algorithm->name, problem);
        if (r == 0 && json_member_integer(reply, "version", 0) != signing->key.version)
                r = problem_set(problem, -EBADMSG, "agent: version: expected %u, found %lld",
                                signing->key.version,
                                (long long)json_member_integer(reply, "version", 0));
        return r < 0 ? r : expect_member(reply, "fingerprint", fingerprint, problem);
}

/* What the agent says it signed must be what it was asked to sign, by the key it told before. */
static int check_reply(const struct signing *signing, struct problem *problem)
{
        static const struct json_member members[] = {
                {"key", JSON_STRING, 1},       {"version", JSON_INTEGER, 1},
                {"algorithm", JSON_STRING, 1}, {"digest", JSON_STRING, 1},
                {"signature", JSON_STRING, 1}, {"fingerprint", JSON_STRING, 1},
                {"index", JSON_INTEGER, 1},    {"time", JSON_STRING, 1},
                {"proof", JSON_STRING, 0},     {"entryProof", JSON_STRING, 0},
                {"statement", JSON_STRING, 0},
        };
        int r = json_check_members(signing->reply.parameters, "agent: reply", members,
                                   ARRAY_SIZE(members), problem);

        return r < 0 ? r : check_members(signing, problem);
}

static int check_signature(struct signing *signing, struct problem *problem)
{
        int r = base64_decode(&signing->value, view_string(json_member_string(
                                                       signing->reply.parameters, "signature")));

        if (r == -EBADMSG)
                return problem_set(problem, r, "agent: signature: no standard base64");
        if (r < 0)
                return r;
        r = signed_message_verify(signing->key.pubkey, signing->key.algorithm, signing->digest,
                                  signing->message, buf_view(&signing->value));
        if (r == -EKEYREJECTED)
                return problem_set(problem, r,
                                   "agent: its signature does not verify with key %s version %u",
                                   signing->key.name, signing->key.version);
        return r;
}

static enum answer make_entry(const struct invocation *invocation, struct signing *signing,
                              struct problem *problem)
{
        const struct tlog_statement statement = {signing->key.pubkey, signing->key.algorithm,
                                                 signing->digest, buf_view(&signing->value)};
        const char *proof = json_member_string(signing->reply.parameters, "entryProof");

        if (!signing->wants_entry)
                return ANSWER_YES;
        if (!proof) {
                (void)problem_set(problem, -EBADMSG,
                                  "agent: it proves no entry of transparent key %s",
                                  signing->key.name);
                return ANSWER_UNKNOWN;
        }
        return log_entry_make(invocation, proof, &statement, &signing->entry, problem);
}

/* The signature is good without it, but what was asked for is both. */
static enum answer check_proof(const struct invocation *invocation, const struct signing *signing,
                               struct problem *problem)
{
        const struct logging logging = {.key = &signing->key};
        const json_t *reply = signing->reply.parameters;
        const char *proof = json_member_string(reply, "proof");

        if (!signing->wants_proof)
                return ANSWER_YES;
        if (!proof)
                return answer_of(problem_set(problem, -EBADMSG, "agent: reply: no proof"), problem);
        return sign_check_proof(invocation, &logging, proof,
                                (uint64_t)json_member_integer(reply, "index", 0), problem);
}

enum answer signing_run(const struct invocation *invocation, struct signing *signing,
                        struct problem *problem)
{
        json_t *call = NULL;
        enum answer answer;
        int r = build_call(signing, &call);

        if (r < 0)
                return answer_of(r, problem);
        answer = agent_call(invocation->socket,
                            signing->statement.size > 0 ? SIGNER ".Attest" : SIGNER ".Sign", call,
                            &signing->reply, problem);
        return answer == ANSWER_YES ? signing_check(invocation, signing, problem) : answer;
}

enum answer signing_check(const struct invocation *invocation, struct signing *signing,
                          struct problem *problem)
{
        enum answer answer;
        int r;

        r = check_reply(signing, problem);
        if (r == 0)
                r = check_signature(signing, problem);
        if (r < 0)
                return answer_of(r, problem);
        answer = make_entry(invocation, signing, problem);
        return answer == ANSWER_YES ? check_proof(invocation, signing, problem) : answer;
}
