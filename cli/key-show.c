/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "cli/agent.h"
#include "cli/key.h"
#include "cli/option.h"
#include "cli/output.h"

enum { OPTION_VERSION };

static void put_fact(struct table *table, const char *name, const char *value)
{
        if (!value || !value[0])
                return;
        table_put(table, name);
        table_put(table, value);
}

/* What the token has last said of it, which is for `hallmark key verify-attestation` to check. */
static void put_evidence(struct table *table, const json_t *evidence)
{
        const json_t *said = json_object_get(evidence, "selfAsserted");
        const char *maker = json_member_string(said, "manufacturer");
        const char *model = json_member_string(said, "model");
        _cleanup_(buf_done) struct buf text = {}, shown = {};

        if (!evidence)
                return;
        buf_put_format(&text, "%s, by its own word %s %s; %zu certificates%s",
                       json_member_string(evidence, "kind"), maker ? maker : "?",
                       model ? model : "?",
                       json_array_size(json_object_get(evidence, "certificates")),
                       json_object_get(evidence, "activated") ? "; a challenge answered" : "");
        output_put_text(&shown, buf_view(&text));
        buf_put_u8(&shown, '\0');
        put_fact(table, "evidence", buf_error(&shown) ? NULL : (const char *)shown.data);
}

static void put_key(const struct keyring_key *key, struct buf *ret)
{
        _cleanup_(table_done) struct table table = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        buf_put_format(ret, "key %s version %u: %s\n", key->name, key->version,
                       key_state_name(key->state));
        table_init(&table, 2);
        put_fact(&table, "algorithm", key->algorithm->name);
        put_fact(&table, "purpose", key_purpose_name(key->purpose));
        put_fact(&table, "token", key->token);
        put_fact(&table, "imported", key->imported);
        put_fact(&table, "transparency", key_transparency_name(key->transparency));
        put_fact(&table, "active from", key->created);
        put_fact(&table, "overlap until", key->overlap);
        put_fact(&table, "until", key->ended);
        put_fact(&table, "revoked from", key->revoked);
        put_fact(&table, "destroyed", key->destroyed);
        put_fact(&table, "reason", key->reason);
        put_fact(&table, "use counter", key->gate.counter ? "yes" : NULL);
        put_fact(&table, "witness", key->gate.witness ? "yes" : NULL);
        put_evidence(&table, key->evidence);
        put_fact(&table, "evidence",
                 key->imported[0] ? "none: an operator brought it, and who has it is not known here"
                                  : NULL);
        put_fact(&table, "SHA-256",
                 hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint));
        table_print(&table, 2, ret);
}

/* The list has no evidence. */
static enum answer put_version(const struct invocation *invocation, uint32_t version,
                               json_t *ret_json, struct buf *ret, struct problem *problem)
{
        _cleanup_(keyring_key_done) struct keyring_key key = {};
        enum answer answer =
                agent_get_key(invocation->socket, invocation->operands[0], version, &key, problem);

        if (answer != ANSWER_YES)
                return answer;
        put_key(&key, ret);
        if (json_array_append_new(ret_json, keyring_key_to_json(&key)) < 0)
                return answer_of(-ENOMEM, problem);
        return answer_of(buf_error(ret), problem);
}

/* Those of that name, as JSON and as text. */
static enum answer put_versions(const struct invocation *invocation, const json_t *keys,
                                uint32_t version, json_t *ret_json, struct buf *ret,
                                struct problem *problem)
{
        enum answer answer = ANSWER_YES;
        json_t *value;
        size_t i;

        json_array_foreach ((json_t *)(uintptr_t)keys, i, value) {
                _cleanup_(keyring_key_done) struct keyring_key key = {};
                int r = keyring_key_from_json(value, &key, problem);

                if (r < 0)
                        return answer_of(problem_prefix(problem, r, "agent: entry %zu", i),
                                         problem);
                if (string_equal(key.name, invocation->operands[0]) &&
                    (version == 0 || key.version == version))
                        answer = put_version(invocation, key.version, ret_json, ret, problem);
                if (answer != ANSWER_YES)
                        return answer;
        }
        return answer;
}

static enum answer show(const struct varlink_reply *reply, const struct invocation *invocation,
                        uint32_t version, struct problem *problem)
{
        static const struct json_member members[] = {{"keys", JSON_ARRAY, 1}};
        _cleanup_(json_decrefp) json_t *versions = json_array();
        _cleanup_(buf_done) struct buf text = {};
        enum answer answer;
        int r = json_check_members(reply->parameters, "agent: reply", members, 1, problem);

        if (r < 0)
                return answer_of(r, problem);
        answer = put_versions(invocation, json_object_get(reply->parameters, "keys"), version,
                              versions, &text, problem);
        if (answer != ANSWER_YES)
                return answer;
        if (json_array_size(versions) == 0) {
                (void)problem_set(problem, -ENOKEY, "there is no such key or version");
                return ANSWER_NO;
        }
        return answer_of(invocation->json
                                 ? output_write_json(json_pack("{s:O}", "keys", versions), problem)
                                 : output_write(&text, problem),
                         problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer;
        uint32_t version = 0;

        if (key_check_name(invocation->operands[0], problem) < 0 ||
            key_parse_version(option_value(invocation, OPTION_VERSION), &version, problem) < 0)
                return ANSWER_UNKNOWN;
        answer = agent_call(invocation->socket, SIGNER ".ListKeys", json_object(), &reply, problem);
        return answer == ANSWER_YES ? show(&reply, invocation, version, problem) : answer;
}

const struct verb verb_key_show = {
        .group = "key",
        .name = "show",
        .operands = "NAME",
        .help = "show all that is known of the versions of a key",
        .operands_min = 1,
        .operands_max = 1,
        .options = {[OPTION_VERSION] = {"version", "n", "N", "only that version"}},
        .run = run,
};
