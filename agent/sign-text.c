/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/signing.h"
#include "lib/base64.h"
#include "lib/json-text.h"

static void put_digest(struct json_text *text, const struct signing *signing)
{
        const struct algorithm *algorithm = signing->key->info.algorithm;

        json_text_name(text, "digest");
        buf_put_u8(text->buf, '"');
        digest_put(text->buf, algorithm->hash,
                   view_of(signing->operation.digest, algorithm->digest_size));
        buf_put_u8(text->buf, '"');
}

static void put_signature(struct json_text *text, const struct signing *signing)
{
        json_text_name(text, "signature");
        buf_put_u8(text->buf, '"');
        base64_encode(text->buf, buf_view(&signing->signature));
        buf_put_u8(text->buf, '"');
}

/* Without it, nobody could verify the signature from the record. */
static void put_message(struct json_text *text, const struct signing *signing)
{
        if (!algorithm_signs_messages(signing->key->info.algorithm))
                return;
        json_text_name(text, "message");
        buf_put_u8(text->buf, '"');
        base64_encode(text->buf, buf_view(&signing->message));
        buf_put_u8(text->buf, '"');
}

static void put_fingerprint(struct json_text *text, const struct signing *signing)
{
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        (void)hex_encode(sha256_view(pubkey_fingerprint(signing->key->info.pubkey)), fingerprint);
        json_text_string(text, "fingerprint", view_string(fingerprint));
}

static void put_optional(struct json_text *text, const char *name, const char *value)
{
        if (value)
                json_text_string(text, name, view_string(value));
}

/* What a record of a statement has beside a signature's stands where its name has its turn. */
static void put_digests(struct json_text *text, const struct attestation *attestation)
{
        if (attestation && attestation->digests.size > 0)
                json_text_value(text, "digests", buf_view(&attestation->digests));
}

static void put_payload(struct json_text *text, const struct attestation *attestation)
{
        if (!attestation)
                return;
        json_text_string(text, "payload", view_string(attestation->payload_digest));
        json_text_string(text, "predicateType", view_string(attestation->predicate_type));
}

static void put_subjects(struct json_text *text, const struct attestation *attestation)
{
        if (!attestation)
                return;
        json_text_integer(text, "subjectCount", attestation->subject_count);
        json_text_string(text, "subjects", view_string(attestation->subjects_digest));
}

/* A signature is there when there is no @outcome: what both kinds of record have stands here once,
 * in the order of the names. */
static void put_record(struct signing *signing, const char *outcome, const char *reason,
                       struct buf *ret)
{
        const json_t *parameters = signing->call->message.parameters;
        const struct keyring_key *key = &signing->key->info;
        const struct attestation *attestation = outcome ? NULL : signing->attestation;
        struct json_text text = json_text_begin(ret);

        (void)record_time(recorder_now(), signing->time);
        json_text_string(&text, "algorithm", view_string(key->algorithm->name));
        if (!outcome)
                put_optional(&text, "authorization",
                             json_member_string(parameters, "authorization"));
        json_text_string(&text, "boot", view_string(signing->agent->recorder.boot));
        put_optional(&text, "builder", attestation ? attestation->builder : NULL);
        json_text_value(&text, "caller", buf_view(&signing->caller));
        if (!outcome && signing->claims) {
                json_text_name(&text, "claims");
                json_put(ret, signing->claims);
        }
        put_optional(&text, "decision", grant_decision_text(&signing->decision));
        put_digest(&text, signing);
        put_digests(&text, attestation);
        put_fingerprint(&text, signing);
        json_text_string(&text, "grant", view_string(signing->decision.grant));
        json_text_string(&text, "key", view_string(key->name));
        if (!outcome)
                put_message(&text, signing);
        put_optional(&text, "outcome", outcome);
        put_payload(&text, attestation);
        put_optional(&text, "reason", reason);
        json_text_string(&text, "request", view_string(signing->request));
        put_optional(&text, "run", attestation ? attestation->run : NULL);
        if (!outcome)
                put_signature(&text, signing);
        put_subjects(&text, attestation);
        json_text_string(&text, "time", view_string(signing->time));
        json_text_string(&text, "type",
                         view_string(outcome       ? "intent"
                                     : attestation ? "attest"
                                                   : "sign"));
        json_text_integer(&text, "v", RECORD_VERSION);
        json_text_integer(&text, "version", key->version);
        json_text_end(&text);
}

void signing_put_record(struct signing *signing, struct buf *ret)
{
        put_record(signing, NULL, NULL, ret);
}

void signing_put_intent(struct signing *signing, const char *outcome, const char *reason,
                        struct buf *ret)
{
        put_record(signing, outcome, reason, ret);
}

void signing_put_reply(const struct signing *signing, struct view proof, struct view entry_proof,
                       struct buf *ret)
{
        const struct keyring_key *key = &signing->key->info;
        struct json_text text = json_text_begin(ret);

        json_text_string(&text, "algorithm", view_string(key->algorithm->name));
        put_digest(&text, signing);
        if (entry_proof.size > 0)
                json_text_string(&text, "entryProof", entry_proof);
        put_fingerprint(&text, signing);
        json_text_integer(&text, "index", signing->index);
        json_text_string(&text, "key", view_string(key->name));
        if (proof.size > 0)
                json_text_string(&text, "proof", proof);
        put_signature(&text, signing);
        if (signing->attestation && signing->attestation->run)
                json_text_string(&text, "statement", buf_view(&signing->attestation->payload));
        json_text_string(&text, "time", view_string(signing->time));
        json_text_integer(&text, "version", key->version);
        json_text_end(&text);
}
