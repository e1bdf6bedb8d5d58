/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"
#include "cli/output.h"

static void put_row(struct table *table, const struct keyring_key *key)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        table_put(table, key->name);
        table_put_integer(table, key->version);
        table_put(table, key_state_name(key->state));
        table_put(table, key_purpose_name(key->purpose));
        table_put(table, key->algorithm->name);
        table_put(table, key->imported[0] ? "(imported)" : key->token);
        table_put(table, key->created);
        table_put(table, hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint));
}

static int put_rows(struct table *table, const json_t *keys, struct problem *problem)
{
        static const char *const titles[] = {"NAME",      "VERSION", "STATE",   "PURPOSE",
                                             "ALGORITHM", "TOKEN",   "CREATED", "SHA-256"};
        const json_t *value;
        size_t i;

        table_init(table, ARRAY_SIZE(titles));
        for (i = 0; i < ARRAY_SIZE(titles); i++)
                table_put(table, titles[i]);
        json_array_foreach (keys, i, value) {
                _cleanup_(keyring_key_done) struct keyring_key key = {};
                int r = keyring_key_from_json(value, &key, problem);

                if (r < 0)
                        return problem_prefix(problem, r, "agent: entry %zu", i);
                put_row(table, &key);
        }
        return 0;
}

static int print(const struct varlink_reply *reply, int json, struct problem *problem)
{
        static const struct json_member members[] = {{"keys", JSON_ARRAY, 1}};
        _cleanup_(table_done) struct table table = {};
        _cleanup_(buf_done) struct buf text = {};
        int r = json_check_members(reply->parameters, "agent: reply", members, 1, problem);

        if (r == 0)
                r = put_rows(&table, json_object_get(reply->parameters, "keys"), problem);
        if (r < 0)
                return r;
        if (json)
                return output_write_json(json_incref(reply->parameters), problem);
        table_print(&table, 0, &text);
        return output_write(&text, problem);
}

static enum answer run(const struct invocation *invocation, struct problem *problem)
{
        _cleanup_(varlink_reply_done) struct varlink_reply reply = {};
        enum answer answer =
                agent_call(invocation->socket, SIGNER ".ListKeys", json_object(), &reply, problem);

        if (answer != ANSWER_YES)
                return answer;
        return answer_of(print(&reply, invocation->json, problem), problem);
}

const struct verb verb_key_list = {
        .group = "key",
        .name = "list",
        .operands = "",
        .help = "list all versions of all keys",
        .run = run,
};
