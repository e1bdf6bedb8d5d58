/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/config-value.h"
#include "agent/freeze.h"
#include "agent/hold.h"
#include "agent/key-change.h"
#include "agent/key-making.h"
#include "agent/ring.h"
#include "lib/base64.h"

/* Rotation: the new version is made and pending; both versions sign that it follows the old one
 * (key-succession.c); the old one is held until its last signature has its record; then the journal
 * says so, and one rename makes it so. Until that record is durable nothing has happened, after it
 * everything has: what a crash leaves undone is done at the start (key-recover.c). */

int making_find_audit(const struct making *making, size_t side, struct audit **ret)
{
        const struct key *signer = side == 0 ? making->previous : making->key;

        *ret = making->audited[side].audit;
        /* A reload may have made it another one, which knows of nothing. */
        return *ret && signer && agent_find_audit(making->agent, signer->info.token) == *ret;
}

/* The signatures by audited tokens are in that record, or (@error) in none. */
static void tell_audits(struct making *making, int error, uint64_t index)
{
        struct audit *audit;

        for (size_t i = 0; i < ARRAY_SIZE(making->audited); i++) {
                int is_there = making_find_audit(making, i, &audit);

                if (is_there && error == 0)
                        audit_resolve(audit, making->audited[i].entry, index);
                else if (is_there)
                        audit_give_up(audit, making->audited[i].entry);
                making->audited[i].audit = NULL;
        }
}

void making_give_up(struct making *making)
{
        tell_audits(making, -ECANCELED, 0);
        keystore_discard(making->agent->store, making->key);
        if (making->previous)
                agent_release_key(making->agent, making->previous);
}

/* Before the new version is there: of two that are active, one says that it may be. */
static int let_previous_go_on(struct making *making, struct problem *problem)
{
        if (!making->previous || !making->overlap[0])
                return 0;
        return keystore_overlap(making->agent->store, making->previous, making->overlap, problem);
}

static int retire_previous(struct making *making)
{
        struct problem problem = {};
        struct key *previous = making->previous;
        const struct key_end end = {.state = KEY_RETIRED, .ended = making->key->info.created};
        int r = making->overlap[0] ? 0
                                   : keystore_end(making->agent->store, previous, &end, &problem);

        /* The file is set right at the next start, as after a crash. */
        if (r < 0)
                agent_fail_storage(making->agent, "a rotation", r, &problem);
        return r;
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct making *making = context;
        struct agent *agent = making->agent;
        struct key *previous = making->previous;
        struct problem problem = {};
        int r = error;

        if (error == 0)
                tell_audits(making, 0, index);
        if (error == -EROFS) {
                agent_key_settled(agent);
                tell_audits(making, error, 0);
                /* It may be on the disk all the same: the next start finds out. */
                agent_fail_journal(agent, making->call, error);
                if (previous)
                        agent_release_key(agent, previous);
                making_free(making);
                return;
        }
        if (error < 0) {
                agent_key_settled(agent);
                making_give_up(making);
                making_fail_journal(making, error);
                return;
        }
        r = let_previous_go_on(making, &problem);
        if (r == 0)
                r = keystore_commit(agent->store, making->key, &problem);
        if (r < 0) {
                agent_fail_storage(agent, "a rotation", r, &problem);
                call_fail(making->call, "StorageFailed", "%s", problem_text(&problem, r));
                making_free(making); /* the old version stays held: it is over */
                return;
        }
        if (!previous || retire_previous(making) == 0)
                agent_key_settled(agent);
        agent->in_progress++; /* what waited may have to be served before the agent stops */
        making_end(making);
        if (previous)
                agent_release_key(agent, previous);
        agent_look_at_overlaps(agent);
        agent_progress_ended(agent);
}

static void set_signature(json_t *record, const char *name, const struct buf *signature)
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, buf_view(signature));
        if (signature->size > 0)
                (void)json_object_set_new(record, name,
                                          json_stringn((const char *)text.data, text.size));
}

/* From this moment on the new version is the active one, if it comes to be. */
static void record_rotation(void *context)
{
        struct making *making = context;
        struct agent *agent = making->agent;
        struct problem problem = {};
        const char *frozen =
                making->previous ? agent_frozen_reason(agent, making->name, &problem) : NULL;
        json_t *record = frozen ? NULL : making_record(making, "key.rotate");
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        int r = record ? keystore_redate(agent->store, making->key,
                                         json_member_string(record, "time"), &problem)
                       : -ENOMEM;

        if (r < 0) {
                json_decref(record);
                making_withhold(making, frozen ? "Frozen" : "StorageFailed",
                                problem_text(&problem, r));
                return;
        }
        if (making->previous)
                recorder_set(
                        record, "previousFingerprint",
                        hex_encode(sha256_view(pubkey_fingerprint(making->previous->info.pubkey)),
                                   fingerprint));
        if (making->previous && making->overlap_usec > 0)
                recorder_set(record, "overlap",
                             record_time(recorder_now() + making->overlap_usec, making->overlap));
        set_signature(record, "previousSignature", &making->previous_signature);
        set_signature(record, "ownSignature", &making->own_signature);
        agent_key_unsettled(agent);
        r = recorder_append(&agent->recorder, record, on_recorded, making);
        if (r < 0)
                on_recorded(making, r, 0);
}

void making_take_over(struct making *making)
{
        if (making->previous)
                agent_hold_key(making->previous, record_rotation, making);
        else
                record_rotation(making);
}

void making_rotate(struct making *making)
{
        if (making->previous)
                making_sign_succession(making);
        else
                making_take_over(making);
}

/* What the new version is to be: as the old one, unless section or call say otherwise. The name of
 * the error that stands against it, or NULL. */
static const char *choose(struct agent *agent, const json_t *parameters, const struct key *newest,
                          struct keyring_key *ret, struct problem *problem)
{
        const struct config_key *section = config_find_key(agent->config, newest->info.name);
        const char *token = json_member_string(parameters, "token");
        const char *algorithm = json_member_string(parameters, "algorithm");

        if (newest->info.purpose == KEY_LOG) {
                (void)problem_set(problem, 0, "key \"%s\" is the log key, which stays",
                                  newest->info.name);
                return "WrongState";
        }
        if (newest->info.imported[0] && newest->info.state == KEY_ACTIVE) {
                (void)problem_set(problem, 0,
                                  "key \"%s\" was imported and is active elsewhere: retire it "
                                  "first",
                                  newest->info.name);
                return "WrongState";
        }
        if (!token)
                token = section ? section->token : newest->info.token;
        if (!token[0]) {
                (void)problem_set(problem, 0, "key \"%s\" was imported: expected a token",
                                  newest->info.name);
                return "NoSuchToken";
        }
        if (!algorithm)
                algorithm = section ? section->algorithm->name : newest->info.algorithm->name;
        if (!config_find_token(agent->config, token)) {
                (void)problem_set(problem, 0, "there is no token \"%.64s\"", token);
                return "NoSuchToken";
        }
        ret->algorithm = algorithm_find(algorithm);
        if (!ret->algorithm) {
                (void)problem_set(problem, 0, "algorithm \"%.64s\" is unknown", algorithm);
                return "UnsupportedAlgorithm";
        }
        ret->transparency = newest->info.transparency;
        ret->purpose = newest->info.purpose;
        (void)snprintf(ret->token, sizeof(ret->token), "%s", token);
        return making_apply_section(agent, newest->info.name, token, algorithm, ret, problem) < 0
                       ? "BadName"
                       : NULL;
}

/* As long as the call says, else the section of the key. -EINVAL. */
static int choose_overlap(const struct agent *agent, const json_t *parameters, const char *name,
                          uint64_t *ret)
{
        const struct config_key *section = config_find_key(agent->config, name);
        const char *overlap = json_member_string(parameters, "overlap");

        *ret = section ? section->overlap_usec : 0;
        if (overlap && string_equal(overlap, "0"))
                *ret = 0;
        else if (overlap &&
                 value_duration(overlap, CONFIG_OVERLAP_LEAST, CONFIG_OVERLAP_MOST, ret) < 0)
                return -EINVAL;
        return 0;
}

static struct making *begin(struct agent *agent, struct call *call, const struct key *newest,
                            const struct keyring_key *info)
{
        struct making *making = making_new(agent, newest->info.name, info->token);

        if (!making)
                return NULL;
        making->call = call;
        making->caller = caller_to_json(call_caller(call));
        making->algorithm = info->algorithm;
        making->info.purpose = info->purpose;
        making->info.transparency = info->transparency;
        making->info.version = newest->info.version + 1;
        making->rotates = 1;
        making->previous = keystore_find(agent->store, newest->info.name, 0);
        (void)call_request(call, making->request);
        key_request_id(call, making->id);
        return making;
}

void agent_rotate_key(struct agent *agent, struct call *call)
{
        const char *name = json_member_string(call->message.parameters, "name"), *error;
        struct grant_decision decision = {};
        struct keyring_key info = {};
        struct problem problem = {};
        struct making *making;
        struct key *newest, *active;
        uint64_t overlap;
        struct token *token;

        if (!key_request_begin(agent, call, name, &decision))
                return;
        newest = keystore_newest(agent->store, name);
        if (!newest) {
                call_fail(call, "NoSuchKey", "there is no key \"%s\"", name);
                return;
        }
        error = choose(agent, call->message.parameters, newest, &info, &problem);
        if (error) {
                call_fail(call, error, "%s", problem.text);
                return;
        }
        if (choose_overlap(agent, call->message.parameters, name, &overlap) < 0) {
                call_fail(call, "BadName",
                          "overlap: expected 0, or a duration from 1s to 366d, such as 7d");
                return;
        }
        active = keystore_find(agent->store, name, 0);
        if (active && !agent_may_sign(agent, call, name))
                return; /* it would sign that the new version follows it */
        token = key_request_find_token(agent, call, info.token); /* both are needed, at once */
        if (!token || (active && !key_request_find_token(agent, call, active->info.token)))
                return;
        making = begin(agent, call, newest, &info);
        if (!making || making_want_gate(making, config_find_key(agent->config, name)) < 0) {
                call_fail(call, "Busy", "out of memory");
                if (making)
                        making_free(making);
                return;
        }
        making->decision = decision;
        making->overlap_usec = overlap;
        making_begin(making, token);
}
