/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/event.h"
#include "agent/freeze.h"
#include "agent/key-making.h"
#include "agent/message.h"
#include "lib/rotation.h"

/* That one version follows the other is signed by the old one first. What that signs is a signature
 * by a key that people trust: as with any other, the journal has it beforehand where the token is
 * audited, a frozen key does not make it, and what comes to nothing leaves an intent. The new
 * version is trusted by nobody before the record of the rotation. */

/* NULL without memory. */
static json_t *make_intent(const struct making *making, const char *outcome, const char *reason)
{
        const struct keyring_key *info = &making->previous->info;
        const struct view statement = buf_view(&making->statement);
        json_t *record = recorder_begin(&making->agent->recorder, "intent");
        _cleanup_(buf_done) struct buf text = {};
        uint8_t digest[DIGEST_SIZE_MAX];
        size_t size;
        int r = digest_of_parts(info->algorithm->hash, &statement, 1, digest, &size);

        if (r == 0)
                digest_put(&text, info->algorithm->hash, view_of(digest, size));
        buf_put_u8(&text, '\0');
        if (!record || r < 0 || buf_error(&text)) {
                json_decref(record);
                return NULL;
        }
        recorder_set(record, "algorithm", info->algorithm->name);
        (void)json_object_set(record, "caller", making->caller);
        recorder_set(record, "decision", grant_decision_text(&making->decision));
        recorder_set(record, "digest", (const char *)text.data);
        recorder_set(record, "grant", making->decision.grant);
        key_request_put_key(record, info);
        recorder_set(record, "outcome", outcome);
        recorder_set(record, "reason", reason);
        recorder_set(record, "request", making->request);
        return record;
}

static int append_intent(struct making *making, const char *outcome, const char *reason,
                         writer_function done)
{
        return recorder_append(&making->agent->recorder, make_intent(making, outcome, reason), done,
                               making);
}

/* It is of what the old version has signed. The new one is not in any key ring. */
static void withhold_audit(struct making *making, uint64_t index)
{
        struct audit *audit;

        if (making_find_audit(making, 0, &audit))
                audit_withhold(audit, making->audited[0].entry, index);
        making->audited[0].audit = NULL;
}

static void on_intent_recorded(void *context, int error, uint64_t index)
{
        struct making *making = context;

        if (error == 0)
                withhold_audit(making, index);
        making_give_up(making);
        if (making->failed)
                making_fail(making, making->failed, problem_text(&making->failure, making->error));
        else
                making_fail_token(making, making->failing, making->error, &making->failure);
}

/* NULL: the old version has signed nothing. */
static void fail(struct making *making, const char *outcome)
{
        if (!outcome ||
            append_intent(making, outcome, problem_text(&making->failure, making->error),
                          on_intent_recorded) < 0)
                on_intent_recorded(making, -EIO, 0); /* the state of the journal is an event */
}

/* What the old version has signed goes with the memory it is in. */
static const char *withheld(const struct making *making)
{
        return making->previous_signature.size > 0 ? "withheld" : NULL;
}

void making_withhold(struct making *making, const char *error, const char *reason)
{
        making->failed = error;
        (void)problem_set(&making->failure, 0, "%s", reason);
        fail(making, withheld(making));
}

static int is_frozen(struct making *making)
{
        if (!agent_frozen_reason(making->agent, making->name, &making->failure))
                return 0;
        making->failed = "Frozen";
        return 1;
}

/* Asked before a process is given it. */
static int is_wanted(const struct operation *operation)
{
        const struct making *making = operation->context;
        struct problem problem = {};

        return !agent_frozen_reason(making->agent, making->name, &problem);
}

/* Of the old version, when the token answered no signature. */
static const char *outcome_of(const struct making *making, int error)
{
        int was_asked = error != -ENODEV && error != -EAGAIN && error != -ECANCELED;

        if (error == -ETIME || error == -ECONNRESET)
                return "unknown";
        return making->asked ? (was_asked ? "unknown" : "none") : NULL;
}

static void take_failure(struct making *making, const struct key *signer, int error,
                         const struct problem *problem)
{
        making->error = error;
        making->failing = signer->info.token;
        if (error == -ECANCELED && !is_frozen(making))
                making->failed = "Frozen"; /* and thawed again */
        (void)problem_set(&making->failure, error, "%s", problem_text(problem, error));
        fail(making, signer == making->previous ? outcome_of(making, error) : withheld(making));
}

static void reject(struct making *making, const struct key *signer)
{
        making->error =
                problem_set(&making->failure, -EIO, "the token's signature does not verify");
        making->failing = signer->info.token;
        event_log(LOG_ERR, MESSAGE_SIGNATURE_REJECTED,
                  "token %s: signature with key %s version %u does not verify", signer->info.token,
                  signer->info.name, signer->info.version);
        fail(making, signer == making->previous ? "rejected" : withheld(making));
}

static void sign(struct making *making, struct key *signer);

static void on_signed(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct making *making = operation->context;
        int is_previous = operation->key == &making->previous->token_key;
        struct key *signer = is_previous ? making->previous : making->key;
        struct reader reader = reader_init(answer);
        struct view signature = reader_sized(&reader);

        if (error < 0) {
                take_failure(making, signer, error, problem);
                return;
        }
        making->audited[is_previous ? 0 : 1] = (struct audited){
                agent_find_audit(making->agent, signer->info.token), operation->audit_entry};
        if (is_frozen(making)) {
                fail(making, is_previous ? "withheld" : withheld(making));
        } else if (reader_end(&reader) < 0 ||
                   rotation_verify(making->agent->config->origin, &making->previous->info,
                                   &making->key->info, &signer->info, signature) < 0) {
                reject(making, signer);
        } else if (is_previous) {
                buf_put_view(&making->previous_signature, signature);
                sign(making, making->key);
        } else {
                buf_put_view(&making->own_signature, signature);
                making_take_over(making);
        }
}

/* The token may be gone by now. */
static void submit(struct making *making, const struct key *signer)
{
        struct problem problem = {};
        struct token *token = agent_find_token(making->agent, signer->info.token, &problem);

        if (!token) {
                on_signed(&making->operation, -ENODEV, view_of(NULL, 0), &problem);
                return;
        }
        token_add_key(token, &signer->token_key);
        token_submit(token, &making->operation);
}

static void on_asked(void *context, int error, uint64_t index)
{
        struct making *making = context;

        if (error < 0) {
                making_give_up(making);
                making_fail_journal(making, error);
                return;
        }
        making->asked = 1;
        submit(making, making->previous);
}

/* A key with a witness or a counter signs no statement: it would need the witness, and be counted.
 */
static void skip(struct making *making, const struct key *signer)
{
        if (signer == making->previous)
                sign(making, making->key);
        else
                making_take_over(making);
}

static int prepare(struct making *making, struct key *signer)
{
        making->operation = (struct operation){
                .kind = FRAME_SIGN,
                .key = &signer->token_key,
                .recorded = 1,
                .is_wanted = is_wanted,
                .done = on_signed,
                .context = making,
        };
        buf_clear(&making->statement);
        rotation_put(&making->statement, making->agent->config->origin, &making->previous->info,
                     &making->key->info);
        return buf_error(&making->statement)
                       ? buf_error(&making->statement)
                       : operation_sign_message(&making->operation, buf_view(&making->statement));
}

static void sign(struct making *making, struct key *signer)
{
        int is_audited = signer == making->previous &&
                         agent_find_audit(making->agent, signer->info.token) != NULL;
        int r;

        if (gate_is_closed(&signer->info.gate)) {
                skip(making, signer);
                return;
        }
        if (is_frozen(making)) {
                fail(making, withheld(making));
                return;
        }
        r = prepare(making, signer);
        if (r < 0)
                take_failure(making, signer, r, &(struct problem){});
        else if (!is_audited)
                submit(making, signer);
        else if (append_intent(making, "asked", "the token is audited", on_asked) < 0)
                on_asked(making, -ENOMEM, 0);
}

void making_sign_succession(struct making *making)
{
        sign(making, making->previous);
}
