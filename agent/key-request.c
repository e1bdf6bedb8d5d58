/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-request.h"

#include <errno.h>
#include <stdio.h>

#include "agent/event.h"
#include "agent/key-change.h"
#include "agent/key-making.h"

void key_request_id(const struct call *call, char ret[KEY_ID_SIZE])
{
        const char *id = json_member_string(call->message.parameters, "id");

        (void)snprintf(ret, KEY_ID_SIZE, "%s", id ? id : "");
}

void key_request_reply(struct call *call, const struct key *key)
{
        call_reply(call, json_pack("{s:o}", "key", keyring_key_to_json(&key->info)));
}

/* What the request asks for. */
static const char *hash_parameters(const struct call *call, char ret[HEX_SIZE(SHA256_SIZE)])
{
        _cleanup_(buf_done) struct buf text = {};
        struct sha256 hash;

        json_put(&text, call->message.parameters);
        if (buf_error(&text))
                return NULL;
        hash = sha256_of(buf_view(&text));
        return hex_encode(sha256_view(&hash), ret);
}

/* Whether the request was there before. If so, or if that cannot be known, it has been answered. */
static int was_answered(struct agent *agent, struct call *call, const char *name)
{
        const char *id = json_member_string(call->message.parameters, "id");
        char parameters[HEX_SIZE(SHA256_SIZE)];
        struct key_request request = {.id = id, .method = call->method->name};
        struct problem problem = {};
        const struct key *key;
        uint32_t version = 0;
        int r;

        if (!id)
                return 0;
        if (!key_name_is_valid(id)) {
                call_fail(call, "BadName", "id \"%.80s\": expected the characters of a name", id);
                return 1;
        }
        request.parameters = hash_parameters(call, parameters);
        r = keystore_find_request(agent->store, name, &request, &version, &problem);
        if (r == -ENOENT)
                return 0;
        key = r == 0 ? keystore_find(agent->store, name, version) : NULL;
        if (key)
                key_request_reply(call, key);
        else
                call_fail(call, r == -EEXIST ? "IdUsed" : "StorageFailed", "%s",
                          r < 0 ? problem_text(&problem, r) : "its key is not there");
        return 1;
}

static int is_lapsing(const struct agent *agent, const char *name)
{
        const struct key *key;

        for (size_t i = 0; (key = keystore_at(agent->store, i)); i++)
                if (key->lapsing && string_equal(key->info.name, name))
                        return 1;
        return 0;
}

int key_is_changing(const struct agent *agent, const char *name)
{
        for (const struct change *change = agent->changes; change; change = change->next)
                if (string_equal(change->key->info.name, name))
                        return 1;
        return making_has_name(agent, name) || attesting_has_name(agent, name) ||
               is_lapsing(agent, name);
}

struct token *key_request_find_token(struct agent *agent, struct call *call, const char *name)
{
        struct problem problem = {};
        struct token *token = agent_find_token(agent, name, &problem);

        if (token && token_state(token) == TOKEN_READY)
                return token;
        if (token)
                (void)problem_set(&problem, 0, "is %s: %s", token_state_name(token_state(token)),
                                  token_reason(token));
        agent_fail_token(call, name, -ENODEV, &problem);
        return NULL;
}

int key_request_begin(struct agent *agent, struct call *call, const char *name,
                      struct grant_decision *ret_decision)
{
        if (!key_name_is_valid(name)) {
                call_fail(
                        call, "BadName",
                        "a name is 1 to %d of a-z A-Z 0-9 . _ - and begins with a letter or digit; "
                        "found \"%.80s\"",
                        KEY_NAME_MAX, name);
                return 0;
        }
        if (agent_wait_for_anchor(agent, call))
                return 0; /* it comes again */
        if (!agent_granted(agent, call, name, ret_decision) || was_answered(agent, call, name))
                return 0;
        if (key_is_changing(agent, name)) {
                call_fail(call, "Busy", "key \"%s\" is being made, changed or attested right now",
                          name);
                return 0;
        }
        return agent_can_record(agent, call);
}

void key_request_note(struct agent *agent, const struct call *call, const char *method,
                      const char *id, const struct key *key)
{
        char parameters[HEX_SIZE(SHA256_SIZE)];
        const struct key_request request = {
                .id = id,
                .method = method,
                .parameters = call ? hash_parameters(call, parameters) : NULL,
                .version = key->info.version,
        };
        struct problem problem = {};
        int r = id[0] ? keystore_note_request(agent->store, key->info.name, &request, &problem) : 0;

        if (r < 0)
                event_log(LOG_WARNING, NULL, "request \"%s\" will not be known again: %s", id,
                          problem_text(&problem, r));
}

void key_request_put_key(json_t *record, const struct keyring_key *info)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        recorder_set(record, "fingerprint",
                     hex_encode(sha256_view(pubkey_fingerprint(info->pubkey)), fingerprint));
        recorder_set(record, "key", info->name);
        recorder_set_integer(record, "version", info->version);
}
