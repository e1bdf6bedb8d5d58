/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-making.h"

#include <errno.h>

#include "agent/event.h"
#include "agent/key-change.h"
#include "agent/message.h"
#include "agent/ring.h"
#include "lib/base64.h"
#include "lib/key-window.h"

/* A public key that is held elsewhere, for verifiers to find in the ring: no token has it, so that
 * it is pending only until its record is durable. What a crash leaves is done, or forgotten, at the
 * start (key-recover.c). */

static void set(json_t *object, const char *name, const char *value)
{
        if (value)
                (void)json_object_set_new(object, name, json_string(value));
}

/* One text for one key, whatever else the file had. */
static int set_public_key(json_t *object, const char *text, struct problem *problem)
{
        _cleanup_(buf_done) struct buf pem = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        struct pubkey *pubkey;
        int r = pubkey_from_pem(view_string(text), &pubkey);

        if (r < 0)
                return problem_set(problem, r, "publicKey: expected one of a known kind in PEM");
        pubkey_put_pem(pubkey, &pem);
        buf_put_u8(&pem, '\0');
        set(object, "fingerprint",
            hex_encode(sha256_view(pubkey_fingerprint(pubkey)), fingerprint));
        if (!buf_error(&pem))
                set(object, "publicKey", (const char *)pem.data);
        (void)pubkey_free(pubkey);
        return buf_error(&pem);
}

/* What the state is when the operator gives its times alone. */
static const char *state_of(const json_t *parameters)
{
        const char *state = json_member_string(parameters, "state");

        if (state)
                return state;
        if (json_member_string(parameters, "revoked"))
                return key_state_name(KEY_REVOKED);
        return key_state_name(json_member_string(parameters, "ended") ? KEY_RETIRED : KEY_ACTIVE);
}

static int check_times(const json_t *parameters, const char *now, struct problem *problem)
{
        static const char *const names[] = {"created", "ended", "revoked"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *time = json_member_string(parameters, names[i]);

                if (time && (!record_time_is_valid(time) || strcmp(time, now) > 0))
                        return problem_set(problem, -EBADMSG,
                                           "%s: expected a time until now as "
                                           "YYYY-MM-DDThh:mm:ss.ffffffZ, found \"%.40s\"",
                                           names[i], time);
        }
        return 0;
}

/* The key as it is to be in the ring, read as strictly as from there. */
static int read_key(const json_t *parameters, uint32_t version, const char *now,
                    struct keyring_key *ret, struct problem *problem)
{
        static const char *const given[] = {"algorithm", "created", "ended",
                                            "name",      "reason",  "revoked"};
        const char *purpose = json_member_string(parameters, "purpose");
        _cleanup_(json_decrefp) json_t *object = json_object();
        int r = check_times(parameters, now, problem);

        if (r < 0)
                return r;
        set(object, "created", now);
        set(object, "imported", now);
        set(object, "purpose", purpose ? purpose : key_purpose_name(KEY_GENERAL));
        set(object, "state", state_of(parameters));
        for (size_t i = 0; i < ARRAY_SIZE(given); i++)
                set(object, given[i], json_member_string(parameters, given[i]));
        (void)json_object_set_new(object, "version", json_integer(version));
        r = set_public_key(object, json_member_string(parameters, "publicKey"), problem);
        return r < 0 ? r : keyring_key_from_json(object, ret, problem);
}

/* The next one after those that were imported and have ended; 0: the name is another key's. */
static uint32_t next_version(const struct agent *agent, const char *name, struct problem *problem)
{
        const struct key *newest = keystore_newest(agent->store, name);

        if (!newest && !making_name_is_taken(agent, name))
                return 1;
        if (newest && newest->info.imported[0] && newest->info.state != KEY_ACTIVE)
                return newest->info.version + 1;
        if (newest && newest->info.imported[0])
                (void)problem_set(problem, 0, "version %u of key \"%s\" is active: retire it first",
                                  newest->info.version, name);
        else
                (void)problem_set(problem, 0, "key \"%s\" is there already", name);
        return 0;
}

/* What is against it, beside the key itself: the name of the error, or NULL. */
static const char *check_place(const struct agent *agent, const struct keyring_key *info,
                               struct problem *problem)
{
        const struct config_key *section = config_find_key(agent->config, info->name);
        const struct key *newest = keystore_newest(agent->store, info->name);
        const struct key *same = making_find_same_key(agent->store, info->pubkey);

        if (same) {
                (void)problem_set(problem, 0, "it is key \"%s\" version %u already",
                                  same->info.name, same->info.version);
                return "KeyExists";
        }
        if (newest && (strcmp(key_window_end(&newest->info), info->created) > 0 ||
                       strcmp(newest->info.created, info->created) > 0)) {
                (void)problem_set(
                        problem, 0,
                        "created: version %u of key \"%s\" was created at %s, and ended at "
                        "%s",
                        newest->info.version, info->name, newest->info.created,
                        key_window_end(&newest->info));
                return "BadKey";
        }
        if (section && section->purpose != info->purpose) {
                (void)problem_set(problem, 0, "%s: the purpose of key \"%s\" is %s", section->place,
                                  info->name, key_purpose_name(section->purpose));
                return "BadName";
        }
        return NULL;
}

static json_t *make_record(const struct making *making, json_t *record)
{
        const struct keyring_key *info = &making->info;
        _cleanup_(buf_done) struct buf spki = {};

        base64_encode(&spki, pubkey_spki(info->pubkey));
        buf_put_u8(&spki, '\0');
        if (buf_error(&spki))
                return NULL;
        key_request_put_key(record, info);
        recorder_set(record, "algorithm", info->algorithm->name);
        recorder_set(record, "created", info->created);
        recorder_set(record, "ended", info->ended[0] ? info->ended : NULL);
        recorder_set(record, "publicKey", (const char *)spki.data);
        recorder_set(record, "purpose", key_purpose_name(info->purpose));
        recorder_set(record, "reason", info->reason[0] ? info->reason : NULL);
        recorder_set(record, "revoked", info->revoked[0] ? info->revoked : NULL);
        recorder_set(record, "state", key_state_name(info->state));
        (void)json_object_set(record, "caller", making->caller);
        recorder_set(record, "decision", grant_decision_text(&making->decision));
        recorder_set(record, "grant", making->decision.grant);
        recorder_set(record, "id", making->id[0] ? making->id : NULL);
        recorder_set(record, "request", making->request);
        return record;
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct making *making = context;
        struct agent *agent = making->agent;
        struct key *key = making->key;
        struct problem problem = {};
        int r;

        if (error < 0) {
                agent_key_settled(agent);
                if (error != -EROFS) /* then it may be on the disk: the next start finds out */
                        keystore_discard(agent->store, key);
                making_fail_journal(making, error);
                return;
        }
        r = keystore_commit(agent->store, key, &problem);
        if (r < 0) {
                agent_fail_storage(agent, "key.import", r, &problem);
                making_fail(making, "StorageFailed", problem_text(&problem, r));
                return;
        }
        agent_key_settled(agent);
        event_log(LOG_NOTICE, MESSAGE_KEY_IMPORTED,
                  "key %s version %u (%s) imported: it is held elsewhere, and signs nothing here",
                  key->info.name, key->info.version, key->info.algorithm->name);
        key_request_note(agent, making->call, "ImportKey", making->id, key);
        key_request_reply(making->call, key);
        making_free(making);
}

/* @record has its time, which the key has as well. */
static void import(struct making *making, json_t *record)
{
        struct agent *agent = making->agent;
        struct problem problem = {};
        int r = make_record(making, record)
                        ? keystore_prepare(agent->store, &making->info, view_string(""),
                                           view_string(""), &making->key, &problem)
                        : -ENOMEM;

        if (r < 0) {
                json_decref(record);
                making_fail(making, "StorageFailed", problem_text(&problem, r));
                return;
        }
        agent_key_unsettled(agent);
        r = recorder_append(&agent->recorder, record, on_recorded, making);
        if (r < 0)
                on_recorded(making, r, 0);
}

/* Whether the key can be in the ring; else @call has been answered. */
static int check(struct agent *agent, struct call *call, const char *now, struct keyring_key *ret)
{
        const json_t *parameters = call->message.parameters;
        struct problem problem = {};
        const char *error = "KeyExists";
        uint32_t version = next_version(agent, json_member_string(parameters, "name"), &problem);
        int r = version > 0 ? read_key(parameters, version, now, ret, &problem) : 0;

        if (r < 0)
                error = r == -EOPNOTSUPP ? "UnsupportedAlgorithm"
                                         : (r == -ENOMEM ? "Busy" : "BadKey");
        else if (version > 0)
                error = check_place(agent, ret, &problem);
        if (error)
                call_fail(call, error, "%s", problem_text(&problem, r < 0 ? r : -EINVAL));
        return !error;
}

void agent_import_key(struct agent *agent, struct call *call)
{
        const char *name = json_member_string(call->message.parameters, "name");
        _cleanup_(keyring_key_done) struct keyring_key info = {};
        _cleanup_(json_decrefp) json_t *record = NULL;
        struct grant_decision decision = {};
        struct making *making;

        if (!key_request_begin(agent, call, name, &decision))
                return;
        record = recorder_begin(&agent->recorder, "key.import");
        if (record && !check(agent, call, json_member_string(record, "time"), &info))
                return;
        making = record ? making_new(agent, name, "") : NULL;
        if (!making) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        making->info = info;
        info = (struct keyring_key){};
        making->call = call;
        making->caller = caller_to_json(call_caller(call));
        making->decision = decision;
        (void)call_request(call, making->request);
        key_request_id(call, making->id);
        making->next = agent->makings;
        agent->makings = making;
        import(making, TAKE_PTR(record));
}
