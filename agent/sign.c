/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/event.h"
#include "agent/message.h"
#include "lib/base64.h"
#include "lib/hashedrekord.h"
#include "lib/tile.h"
#include "lib/tlog-proof.h"

/* One signature on its way: grant, sign, check, record, reply. */
struct signing {
        struct agent *agent;
        struct call *call;
        struct key *key;
        struct operation operation;
        json_t *caller, *claims; /* as they go into the record */
        char request[CALL_REQUEST_SIZE];
        struct grant_decision decision;
        struct buf signature, authorization;
        char time[RECORD_TIME_SIZE];
        int wants_proof;
        uint64_t index; /* of the record */
        struct sealer_waiter waiter;
        int asked; /* an intent says so: the TPM counts what comes of it */
        int error; /* what is answered once an intent is recorded */
        struct problem problem;
};

static void signing_free(struct signing *signing)
{
        struct agent *agent = signing->agent;

        json_decref(signing->caller);
        json_decref(signing->claims);
        buf_done(&signing->signature);
        buf_done(&signing->authorization);
        free(signing);
        agent_progress_ended(agent);
}

static void put_digest(const struct signing *signing, struct buf *ret)
{
        const struct algorithm *algorithm = signing->key->info.algorithm;

        digest_put(ret, algorithm->hash,
                   view_of(signing->operation.digest, algorithm->digest_size));
        buf_put_u8(ret, '\0');
}

/* What sign and intent records have in common. */
static json_t *begin_record(struct signing *signing, const char *type)
{
        json_t *record = recorder_begin(&signing->agent->recorder, type);
        _cleanup_(buf_done) struct buf digest = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        if (!record)
                return NULL;
        put_digest(signing, &digest);
        recorder_set(record, "algorithm", signing->key->info.algorithm->name);
        (void)json_object_set(record, "caller", signing->caller);
        recorder_set(record, "digest", (const char *)digest.data);
        recorder_set(record, "fingerprint",
                     hex_encode(sha256_view(pubkey_fingerprint(signing->key->info.pubkey)),
                                fingerprint));
        recorder_set(record, "grant", signing->decision.grant);
        recorder_set(record, "key", signing->key->info.name);
        recorder_set(record, "request", signing->request);
        recorder_set_integer(record, "version", signing->key->info.version);
        return record;
}

static json_t *make_reply(const struct signing *signing)
{
        _cleanup_(buf_done) struct buf digest = {}, signature = {};
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        const struct keyring_key *key = &signing->key->info;

        put_digest(signing, &digest);
        base64_encode(&signature, buf_view(&signing->signature));
        (void)hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint);
        return json_pack("{s:s, s:I, s:s, s:s, s:s%, s:s, s:I, s:s}", "key", key->name, "version",
                         (json_int_t)key->version, "algorithm", key->algorithm->name, "digest",
                         (const char *)digest.data, "signature", (const char *)signature.data,
                         signature.size, "fingerprint", fingerprint, "index",
                         (json_int_t)signing->index, "time", signing->time);
}

static int set_proof(const struct signing *signing, json_t *reply, const char *name, uint64_t index,
                     const struct sealed *sealed, struct problem *problem)
{
        _cleanup_(buf_done) struct buf entry = {}, proof = BUF_INIT(TLOG_PROOF_SIZE_MAX);
        int r = writer_read_entry(signing->agent->writer, index, &entry, problem);

        if (r == 0)
                r = agent_put_proof(signing->agent, index, &entry, sealed, &proof, problem);
        if (r == 0 && json_object_set_new(reply, name,
                                          json_stringn((const char *)proof.data, proof.size)) < 0)
                r = -ENOMEM;
        return r;
}

static void reply_with_proof(const struct signing *signing, const struct sealed *sealed)
{
        _cleanup_(json_decrefp) json_t *reply = make_reply(signing);
        struct problem problem = {};
        int r = reply ? 0 : -ENOMEM;

        if (r == 0)
                r = set_proof(signing, reply, "proof", signing->index, sealed, &problem);
        if (r == 0 && signing->key->info.transparency == TRANSPARENCY_REKOR)
                r = set_proof(signing, reply, "entryProof", signing->index + 1, sealed, &problem);
        if (r == 0)
                call_reply(signing->call, TAKE_PTR(reply));
        else
                call_fail(signing->call, "Busy", "record %llu: no proof: %s",
                          (unsigned long long)signing->index, problem_text(&problem, r));
}

static void on_sealed(struct sealer_waiter *waiter, int error, const struct sealed *sealed,
                      const struct problem *problem)
{
        struct signing *signing = waiter->context;

        if (error < 0)
                agent_fail_checkpoint(signing->agent, signing->call, signing->index, error,
                                      problem);
        else
                reply_with_proof(signing, sealed);
        signing_free(signing);
}

/* For a checkpoint that covers the record, and the entry after it. */
static void wait_for_checkpoint(struct signing *signing)
{
        int entries = signing->key->info.transparency == TRANSPARENCY_REKOR;

        signing->waiter = (struct sealer_waiter){
                .size = signing->index + 1 + (uint64_t)entries,
                .done = on_sealed,
                .context = signing,
        };
        sealer_wait(signing->agent->sealer, &signing->waiter);
}

/* The signature that the token has made is in the record, or in none. */
static void tell_audit(const struct signing *signing, int error, uint64_t index)
{
        struct audit *audit = agent_find_audit(signing->agent, signing->key->info.token);

        if (audit && error == 0)
                audit_resolve(audit, &signing->operation, index);
        else if (audit)
                audit_give_up(audit, &signing->operation);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct signing *signing = context;

        tell_audit(signing, error, index);
        signing->index = index;
        if (error < 0) {
                agent_fail_journal(signing->agent, signing->call, error);
                signing_free(signing);
                return;
        }
        signing->agent->signatures++;
        if (signing->wants_proof) {
                wait_for_checkpoint(signing);
                return;
        }
        call_reply(signing->call, make_reply(signing));
        signing_free(signing);
}

/* The entry that stands after the record of a transparent key, and nothing for other keys. */
static int put_entry(const struct signing *signing, struct buf *ret)
{
        const struct keyring_key *key = &signing->key->info;

        if (key->transparency != TRANSPARENCY_REKOR)
                return 0;
        return hashedrekord_put(ret, key->pubkey, key->algorithm,
                                view_of(signing->operation.digest, key->algorithm->digest_size),
                                buf_view(&signing->signature));
}

static void record_signature(struct signing *signing)
{
        _cleanup_(buf_done) struct buf signature = {}, entry = BUF_INIT(ENTRY_SIZE_MAX);
        const char *authorization =
                json_member_string(signing->call->message.parameters, "authorization");
        json_t *record = begin_record(signing, "sign");
        int r = put_entry(signing, &entry);

        base64_encode(&signature, buf_view(&signing->signature));
        if (record) {
                (void)json_object_set_new(
                        record, "signature",
                        json_stringn((const char *)signature.data, signature.size));
                if (signing->claims)
                        (void)json_object_set(record, "claims", signing->claims);
                recorder_set(record, "authorization", authorization);
                (void)snprintf(signing->time, sizeof(signing->time), "%s",
                               json_member_string(record, "time"));
        }
        if (r < 0)
                json_decref(record);
        else
                r = recorder_append_with(&signing->agent->recorder, record, buf_view(&entry),
                                         on_recorded, signing);
        if (r < 0)
                on_recorded(signing, r, 0);
}

static void on_intent_recorded(void *context, int error, uint64_t index)
{
        struct signing *signing = context;

        agent_fail_token(signing->call, signing->key->info.token, signing->error,
                         &signing->problem);
        signing_free(signing);
}

/* The token was asked and may have signed: the journal says so before the caller is told anything.
 */
static void record_intent(struct signing *signing, const char *outcome)
{
        json_t *record = begin_record(signing, "intent");

        if (record) {
                recorder_set(record, "outcome", outcome);
                recorder_set(record, "reason", problem_text(&signing->problem, signing->error));
        }
        if (recorder_append(&signing->agent->recorder, record, on_intent_recorded, signing) < 0)
                on_intent_recorded(signing, 0,
                                   0); /* the state of the journal is an event of its own */
}

static void reject_signature(struct signing *signing)
{
        tell_audit(signing, -EKEYREJECTED, 0);
        signing->error = problem_set(&signing->problem, -EKEYREJECTED,
                                     "the token's signature does not verify with its public key");
        event_log(LOG_ERR, MESSAGE_SIGNATURE_REJECTED,
                  "token %s: signature with key %s version %u does not verify",
                  signing->key->info.token, signing->key->info.name, signing->key->info.version);
        record_intent(signing, "rejected");
}

/* Whether a process had the request: if so, its use may have been counted. */
static int was_asked(int error)
{
        return error != -ENODEV && error != -EAGAIN;
}

static void on_signed(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct signing *signing = operation->context;
        const struct algorithm *algorithm = signing->key->info.algorithm;
        struct reader reader = reader_init(answer);
        struct view signature = reader_sized(&reader);

        if (error < 0) {
                signing->error = error;
                (void)problem_set(&signing->problem, error, "%s", problem_text(problem, error));
                if (error == -ETIME || error == -ECONNRESET)
                        record_intent(signing, "unknown");
                else if (signing->asked)
                        record_intent(signing, was_asked(error) ? "unknown" : "none");
                else
                        on_intent_recorded(signing, 0, 0);
                return;
        }
        if (reader_end(&reader) < 0 ||
            pubkey_verify(signing->key->info.pubkey, algorithm,
                          view_of(operation->digest, algorithm->digest_size), signature) < 0) {
                reject_signature(signing);
                return;
        }
        buf_put_view(&signing->signature, signature);
        if (buf_error(&signing->signature))
                on_recorded(signing, -ENOMEM, 0);
        else
                record_signature(signing);
}

static struct signing *begin_signing(struct agent *agent, struct call *call, struct key *key)
{
        struct signing *signing = calloc(1, sizeof(*signing));
        json_t *claims = json_object_get(call->message.parameters, "claims");

        if (!signing)
                return NULL;
        signing->agent = agent;
        signing->call = call;
        signing->key = key;
        signing->operation = (struct operation){
                .kind = FRAME_SIGN,
                .key = &key->token_key,
                .recorded = 1,
                .done = on_signed,
                .context = signing,
        };
        signing->signature.limit = ENTRY_SIZE_MAX;
        signing->caller = caller_to_json(call_caller(call));
        signing->claims = json_is_object(claims) ? json_incref(claims) : NULL;
        signing->wants_proof = json_is_true(json_object_get(call->message.parameters, "proof"));
        (void)call_request(call, signing->request);
        agent->in_progress++;
        return signing;
}

/* Whether the tokens are there, and the journal takes records: @ret_token is the key's. If not,
 * @call has been answered. */
static int can_sign(struct agent *agent, struct call *call, const struct key *key,
                    struct token **ret_token)
{
        const json_t *proof = json_object_get(call->message.parameters, "proof");
        struct problem problem = {};
        int r;

        *ret_token = agent_find_token(agent, key->info.token, &problem);
        if (!*ret_token) {
                agent_fail_token(call, key->info.token, -ENODEV, &problem);
                return 0;
        }
        r = json_is_true(proof) ? sealer_check(agent->sealer, &problem) : 0;
        if (r < 0) {
                agent_fail_log_token(agent, call, r, &problem);
                return 0;
        }
        return agent_can_record(agent, call);
}

/* The token may be gone by now: then there is nobody to be asked. */
static void on_asked(void *context, int error, uint64_t index)
{
        struct signing *signing = context;
        struct problem problem = {};
        struct token *token = agent_find_token(signing->agent, signing->key->info.token, &problem);

        if (error < 0) {
                agent_fail_journal(signing->agent, signing->call, error);
                signing_free(signing);
                return;
        }
        signing->asked = 1;
        if (signing->key->info.gate.counter)
                signing->key->uses++;
        if (token)
                token_submit(token, &signing->operation);
        else
                on_signed(&signing->operation, -ENODEV, view_of(NULL, 0), &problem);
}

/* Where the TPM counts uses or audits signatures, the journal has each of them before the TPM does:
 * a crash in between leaves an intent, and no signature that nobody knows of. */
static void submit(struct signing *signing, struct token *token)
{
        int counted = signing->key->info.gate.counter != 0;
        json_t *record;

        if (!counted && !agent_find_audit(signing->agent, signing->key->info.token)) {
                token_submit(token, &signing->operation);
                return;
        }
        record = begin_record(signing, "intent");
        if (record) {
                recorder_set(record, "outcome", "asked");
                recorder_set(record, "reason",
                             counted ? "the token counts the uses of this key"
                                     : "the token is audited");
        }
        if (recorder_append(&signing->agent->recorder, record, on_asked, signing) < 0)
                on_asked(signing, -ENOMEM, 0);
}

/* If not, @call has been answered. */
static int is_authorized(struct call *call, const struct key *key, const uint8_t *digest,
                         struct buf *ret)
{
        struct problem problem = {};
        int r = agent_check_authorization(
                &key->info, json_member_string(call->message.parameters, "authorization"),
                view_of(digest, key->info.algorithm->digest_size), ret, &problem);

        if (r < 0)
                call_fail(call, r == -EPERM ? "NotAuthorized" : "Busy", "%s",
                          problem_text(&problem, r));
        return r == 0;
}

void agent_sign(struct agent *agent, struct call *call)
{
        const json_t *parameters = call->message.parameters;
        const json_t *claims = json_object_get(parameters, "claims");
        struct grant_decision decision = {};
        struct problem problem = {};
        _cleanup_(buf_done) struct buf authorization = BUF_INIT(ENTRY_SIZE_MAX);
        uint8_t digest[DIGEST_SIZE_MAX];
        struct signing *signing;
        struct token *token;
        struct key *key;

        key = agent_find_signing_key(agent, call, json_member_string(parameters, "key"), &decision);
        if (!key)
                return;
        if (digest_parse(json_member_string(parameters, "digest"), key->info.algorithm, digest,
                         &problem) < 0) {
                call_fail(call, "BadDigest", "%s", problem.text);
                return;
        }
        if (json_is_object(claims) && agent_check_claims(claims, &problem) < 0) {
                call_fail(call, "BadClaims", "%s", problem.text);
                return;
        }
        if (!is_authorized(call, key, digest, &authorization) ||
            !can_sign(agent, call, key, &token))
                return;
        signing = begin_signing(agent, call, key);
        if (!signing) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        signing->decision = decision;
        memcpy(signing->operation.digest, digest, key->info.algorithm->digest_size);
        signing->authorization = authorization;
        authorization = (struct buf){}; /* the signing's now */
        signing->operation.authorization = buf_view(&signing->authorization);
        submit(signing, token);
}
