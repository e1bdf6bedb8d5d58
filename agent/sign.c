/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signing.h"

#include <errno.h>

#include "agent/event.h"
#include "agent/freeze.h"
#include "agent/hold.h"
#include "agent/message.h"
#include "agent/run.h"
#include "lib/dsse.h"
#include "lib/hashedrekord.h"
#include "lib/signed-message.h"
#include "lib/tile.h"
#include "lib/tlog-proof.h"

static void signing_free(struct signing *signing)
{
        struct agent *agent = signing->agent;

        buf_done(&signing->caller);
        buf_done(&signing->signature);
        buf_done(&signing->authorization);
        if (signing->attestation && signing->attestation->run)
                run_signed(agent, signing->attestation->run, signing->recorded);
        (void)attestation_free(signing->attestation);
        buf_done(&signing->message);
        key_signing_ended(signing->key);
        free(signing);
        agent_progress_ended(agent);
}

static int put_proof(const struct signing *signing, uint64_t index, const struct sealed *sealed,
                     struct buf *ret, struct problem *problem)
{
        _cleanup_(buf_done) struct buf entry = {};
        int r = writer_read_entry(signing->agent->writer, index, &entry, problem);

        return r < 0 ? r : agent_put_proof(signing->agent, index, &entry, sealed, ret, problem);
}

static void reply(const struct signing *signing, struct view proof, struct view entry_proof)
{
        _cleanup_(buf_done) struct buf text = {};

        signing_put_reply(signing, proof, entry_proof, &text);
        if (buf_error(&text))
                call_fail(signing->call, "Busy", "record %llu: no memory for the reply",
                          (unsigned long long)signing->index);
        else
                call_reply_text(signing->call, buf_view(&text));
}

static void reply_with_proof(const struct signing *signing, const struct sealed *sealed)
{
        _cleanup_(buf_done) struct buf proof = BUF_INIT(TLOG_PROOF_SIZE_MAX);
        _cleanup_(buf_done) struct buf entry_proof = BUF_INIT(TLOG_PROOF_SIZE_MAX);
        struct problem problem = {};
        int r = put_proof(signing, signing->index, sealed, &proof, &problem);

        if (r == 0 && signing->key->info.transparency == TRANSPARENCY_REKOR)
                r = put_proof(signing, signing->index + 1, sealed, &entry_proof, &problem);
        if (r == 0)
                reply(signing, buf_view(&proof), buf_view(&entry_proof));
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
                audit_resolve(audit, signing->operation.audit_entry, index);
        else if (audit)
                audit_give_up(audit, signing->operation.audit_entry);
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
        signing->recorded = 1;
        signing->agent->signatures++;
        if (signing->wants_proof) {
                wait_for_checkpoint(signing);
                return;
        }
        reply(signing, view_of(NULL, 0), view_of(NULL, 0));
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

static void record_intent(struct signing *signing, const char *outcome);

/* The overlap of its key ended while the token had it: no record may claim it, and nobody gets it.
 */
static int is_late(struct signing *signing)
{
        const struct key *key = signing->key;

        if (!agent_overlap_is_over(key, signing->time))
                return 0;
        signing->error = problem_set(&signing->problem, -ESTALE,
                                     "version %u of key \"%s\" was active until %s",
                                     key->info.version, key->info.name, key->info.overlap);
        record_intent(signing, "withheld");
        return 1;
}

static void record_signature(struct signing *signing)
{
        _cleanup_(buf_done) struct buf record = BUF_INIT(ENTRY_SIZE_MAX);
        _cleanup_(buf_done) struct buf entry = BUF_INIT(ENTRY_SIZE_MAX);
        int r = put_entry(signing, &entry);

        signing_put_record(signing, &record);
        if (is_late(signing))
                return;
        if (r == 0)
                r = buf_error(&record);
        if (r == 0)
                r = recorder_append_texts(&signing->agent->recorder, buf_view(&record),
                                          buf_view(&entry), signing->time, on_recorded, signing);
        if (r < 0)
                on_recorded(signing, r, 0);
}

static int append_intent(struct signing *signing, const char *outcome, const char *reason,
                         writer_function done)
{
        _cleanup_(buf_done) struct buf record = BUF_INIT(ENTRY_SIZE_MAX);

        signing_put_intent(signing, outcome, reason, &record);
        if (buf_error(&record))
                return buf_error(&record);
        return recorder_append_texts(&signing->agent->recorder, buf_view(&record), view_of(NULL, 0),
                                     signing->time, done, signing);
}

/* What the token has signed, if anything, is nobody's: the intent says so, or (@error) nothing
 * does. */
static void withhold_audit(const struct signing *signing, int error, uint64_t index)
{
        struct audit *audit = agent_find_audit(signing->agent, signing->key->info.token);

        if (audit && error == 0)
                audit_withhold(audit, signing->operation.audit_entry, index);
        else if (audit)
                audit_give_up(audit, signing->operation.audit_entry);
}

static void on_intent_recorded(void *context, int error, uint64_t index)
{
        struct signing *signing = context;

        withhold_audit(signing, error, index);
        if (signing->error == -ECANCELED || signing->error == -ESTALE)
                call_fail(signing->call, signing->error == -ESTALE ? "KeyNotActive" : "Frozen",
                          "%s", problem_text(&signing->problem, signing->error));
        else
                agent_fail_token(signing->call, signing->key->info.token, signing->error,
                                 &signing->problem);
        signing_free(signing);
}

/* The token was asked and may have signed: the journal says so before the caller is told anything.
 */
static void record_intent(struct signing *signing, const char *outcome)
{
        if (append_intent(signing, outcome, problem_text(&signing->problem, signing->error),
                          on_intent_recorded) < 0)
                on_intent_recorded(signing, -EIO,
                                   0); /* the state of the journal is an event of its own */
}

/* Asked before a process is given it: what is frozen signs nothing. */
static int is_wanted(const struct operation *operation)
{
        const struct signing *signing = operation->context;
        struct problem problem = {};

        return !agent_frozen_reason(signing->agent, signing->key->info.name, &problem);
}

/* Frozen while the token had it. What was signed is nobody's, and goes with the memory it is in. */
static int is_withheld(struct signing *signing)
{
        if (!agent_frozen_reason(signing->agent, signing->key->info.name, &signing->problem))
                return 0;
        signing->error = -ECANCELED;
        record_intent(signing, "withheld");
        return 1;
}

static void reject_signature(struct signing *signing)
{
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
        return error != -ENODEV && error != -EAGAIN && error != -ECANCELED;
}

static void take_failure(struct signing *signing, int error, const struct problem *problem)
{
        signing->error = error;
        if (error == -ECANCELED)
                (void)agent_frozen_reason(signing->agent, signing->key->info.name,
                                          &signing->problem);
        (void)problem_set(&signing->problem, error, "%s", problem_text(problem, error));
        if (error == -ETIME || error == -ECONNRESET)
                record_intent(signing, "unknown");
        else if (signing->asked)
                record_intent(signing, was_asked(error) ? "unknown" : "none");
        else
                on_intent_recorded(signing, -ECANCELED, 0);
}

static void on_signed(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct signing *signing = operation->context;
        const struct keyring_key *key = &signing->key->info;
        struct reader reader = reader_init(answer);
        struct view signature = reader_sized(&reader);

        if (error < 0) {
                take_failure(signing, error, problem);
                return;
        }
        if (is_withheld(signing))
                return;
        if (reader_end(&reader) < 0 ||
            signed_message_verify(key->pubkey, key->algorithm,
                                  view_of(operation->digest, key->algorithm->digest_size),
                                  operation->message, signature) < 0) {
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
                .is_wanted = is_wanted,
                .done = on_signed,
                .context = signing,
        };
        signing->signature.limit = ENTRY_SIZE_MAX;
        buf_put_view(&signing->caller, call_caller_text(call));
        signing->claims = json_is_object(claims) ? claims : NULL;
        signing->wants_proof = json_is_true(json_object_get(call->message.parameters, "proof"));
        (void)call_request(call, signing->request);
        if (signing->caller.size == 0) { /* no memory for it */
                buf_done(&signing->caller);
                free(signing);
                return NULL;
        }
        agent->in_progress++;
        key_signing_begins(key);
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

        *ret_token = agent_find_signer(agent, key->info.token, &problem);
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

        if (!counted && !agent_find_audit(signing->agent, signing->key->info.token)) {
                token_submit(token, &signing->operation);
                return;
        }
        if (append_intent(signing, "asked",
                          counted ? "the token counts the uses of this key"
                                  : "the token is audited",
                          on_asked) < 0)
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

/* What is to be signed. */
struct subject {
        uint8_t digest[DIGEST_SIZE_MAX];
        struct buf message;              /* where the algorithm signs that */
        struct attestation *attestation; /* NULL: none */
};

static void subject_done(struct subject *subject)
{
        buf_done(&subject->message);
        (void)attestation_free(subject->attestation);
}

/* Signs what is right for the key; else @call has been answered. Takes over what @subject owns. */
static void sign(struct agent *agent, struct call *call, struct key *key,
                 const struct grant_decision *decision, struct subject *subject)
{
        const json_t *claims = json_object_get(call->message.parameters, "claims");
        _cleanup_(buf_done) struct buf authorization = BUF_INIT(ENTRY_SIZE_MAX);
        struct problem problem = {};
        struct signing *signing;
        struct token *token;

        if (json_is_object(claims) && agent_check_claims(claims, &problem) < 0) {
                call_fail(call, "BadClaims", "%s", problem.text);
                return;
        }
        if (!is_authorized(call, key, subject->digest, &authorization) ||
            !can_sign(agent, call, key, &token))
                return;
        signing = begin_signing(agent, call, key);
        if (!signing) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        signing->decision = *decision;
        signing->attestation = TAKE_PTR(subject->attestation);
        if (signing->attestation && signing->attestation->run)
                run_signing(agent, signing->attestation->run);
        memcpy(signing->operation.digest, subject->digest, key->info.algorithm->digest_size);
        signing->authorization = authorization;
        signing->message = subject->message;
        authorization = subject->message = (struct buf){}; /* the signing's now */
        signing->operation.message = buf_view(&signing->message);
        signing->operation.authorization = buf_view(&signing->authorization);
        submit(signing, token);
}

/* The digest and, where the algorithm signs that, the message. */
static int read_subject(const struct call *call, const struct key *key, struct subject *ret,
                        struct problem *problem)
{
        const json_t *parameters = call->message.parameters;
        const struct algorithm *algorithm = key->info.algorithm;
        const char *message = json_member_string(parameters, "message");
        int r = digest_parse(json_member_string(parameters, "digest"), algorithm, ret->digest,
                             problem);

        return r < 0 ? r
                     : signed_message_read(message ? view_string(message) : view_of(NULL, 0),
                                           algorithm, view_of(ret->digest, algorithm->digest_size),
                                           &ret->message, problem);
}

void agent_sign(struct agent *agent, struct call *call)
{
        const json_t *parameters = call->message.parameters;
        _cleanup_(subject_done) struct subject subject = {};
        struct grant_decision decision = {};
        struct problem problem = {};
        struct key *key;
        int r;

        key = agent_find_signing_key(agent, call, json_member_string(parameters, "key"), &decision);
        if (!key)
                return;
        r = read_subject(call, key, &subject, &problem);
        if (r < 0)
                call_fail(call, r == -EBADMSG ? "BadDigest" : "Busy", "%s",
                          problem_text(&problem, r));
        else
                sign(agent, call, key, &decision, &subject);
}

/* Its record has the digest of the statement, from which no signature of messages can be verified.
 */
void agent_sign_attestation(struct agent *agent, struct call *call, struct key *key,
                            const struct grant_decision *decision, struct attestation *attestation)
{
        _cleanup_(subject_done) struct subject subject = {.attestation = attestation};
        const struct algorithm *algorithm = key->info.algorithm;
        size_t size;

        if (algorithm_signs_messages(algorithm))
                call_fail(call, "UnsupportedAlgorithm",
                          "key \"%s\" is %s, which signs messages and no attestations",
                          key->info.name, algorithm->name);
        else if (dsse_digest(algorithm->hash, DSSE_IN_TOTO, buf_view(&attestation->payload),
                             subject.digest, &size) < 0)
                call_fail(call, "Busy", "out of memory");
        else
                sign(agent, call, key, decision, &subject);
}
