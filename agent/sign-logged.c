/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "agent/agent.h"
#include "lib/json-text.h"
#include "lib/tile.h"
#include "lib/tlog-proof.h"

/* One logged signature on its way: grant, record, checkpoint, proof. */
struct logged {
        struct agent *agent;
        struct call *call;
        struct key *key;
        struct buf record;
        uint64_t index;
        char time[RECORD_TIME_SIZE];
        struct sealer_waiter waiter;
};

static void logged_free(struct logged *logged)
{
        struct agent *agent = logged->agent;

        buf_done(&logged->record);
        free(logged);
        agent_progress_ended(agent);
}

static void put_reply(const struct logged *logged, struct view proof, struct buf *ret)
{
        const struct keyring_key *key = &logged->key->info;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        struct json_text text = json_text_begin(ret);

        (void)hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint);
        json_text_string(&text, "fingerprint", view_string(fingerprint));
        json_text_integer(&text, "index", logged->index);
        json_text_string(&text, "key", view_string(key->name));
        json_text_string(&text, "proof", proof);
        json_text_string(&text, "time", view_string(logged->time));
        json_text_integer(&text, "version", key->version);
        json_text_end(&text);
}

static void reply(struct logged *logged, const struct sealed *sealed)
{
        _cleanup_(buf_done) struct buf proof = BUF_INIT(TLOG_PROOF_SIZE_MAX), text = {};
        struct problem problem = {};
        int r = agent_put_proof(logged->agent, logged->index, &logged->record, sealed, &proof,
                                &problem);

        if (r == 0) {
                put_reply(logged, buf_view(&proof), &text);
                r = buf_error(&text);
        }
        if (r < 0) {
                call_fail(logged->call, "Busy", "record %llu: no proof: %s",
                          (unsigned long long)logged->index, problem_text(&problem, r));
                return;
        }
        logged->agent->signatures++;
        call_reply_text(logged->call, buf_view(&text));
}

static void on_sealed(struct sealer_waiter *waiter, int error, const struct sealed *sealed,
                      const struct problem *problem)
{
        struct logged *logged = waiter->context;

        if (error < 0)
                agent_fail_checkpoint(logged->agent, logged->call, logged->index, error, problem);
        else
                reply(logged, sealed);
        logged_free(logged);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct logged *logged = context;

        if (error < 0) {
                agent_fail_journal(logged->agent, logged->call, error);
                logged_free(logged);
                return;
        }
        logged->index = index;
        logged->waiter = (struct sealer_waiter){
                .size = index + 1,
                .done = on_sealed,
                .context = logged,
        };
        sealer_wait(logged->agent->sealer, &logged->waiter);
}

static void put_digests(const json_t *digests, struct buf *ret)
{
        const json_t *digest;
        size_t i;

        buf_put_u8(ret, '[');
        json_array_foreach (digests, i, digest) {
                if (i > 0)
                        buf_put_u8(ret, ',');
                json_text_put_string(
                        ret, view_of(json_string_value(digest), json_string_length(digest)));
        }
        buf_put_u8(ret, ']');
}

static int put_record(struct logged *logged, const struct grant_decision *decision)
{
        const json_t *parameters = logged->call->message.parameters;
        const json_t *claims = json_object_get(parameters, "claims");
        const struct recorder *recorder = &logged->agent->recorder;
        const struct keyring_key *key = &logged->key->info;
        char fingerprint[HEX_SIZE(SHA256_SIZE)], request[CALL_REQUEST_SIZE];
        struct view caller = call_caller_text(logged->call);
        struct json_text text = json_text_begin(&logged->record);

        if (caller.size == 0)
                return -ENOMEM;
        (void)hex_encode(sha256_view(pubkey_fingerprint(key->pubkey)), fingerprint);
        (void)record_time(recorder_now(), logged->time);
        json_text_string(&text, "boot", view_string(recorder->boot));
        json_text_value(&text, "caller", caller);
        if (json_is_object(claims)) {
                json_text_name(&text, "claims");
                json_put(&logged->record, claims);
        }
        if (decision->decision[0])
                json_text_string(&text, "decision", view_string(decision->decision));
        json_text_name(&text, "digests");
        put_digests(json_object_get(parameters, "digests"), &logged->record);
        json_text_string(&text, "fingerprint", view_string(fingerprint));
        json_text_string(&text, "grant", view_string(decision->grant));
        json_text_string(&text, "key", view_string(key->name));
        json_text_string(&text, "request", view_string(call_request(logged->call, request)));
        json_text_string(&text, "time", view_string(logged->time));
        json_text_string(&text, "type", view_string("sign.logged"));
        json_text_integer(&text, "v", RECORD_VERSION);
        json_text_integer(&text, "version", key->version);
        json_text_end(&text);
        return buf_error(&logged->record);
}

static int check_digests(const json_t *digests, const struct algorithm *algorithm,
                         struct problem *problem)
{
        const json_t *digest;
        size_t i;

        if (json_array_size(digests) < 1 || json_array_size(digests) > RECORD_DIGESTS_MAX)
                return problem_set(problem, -EBADMSG, "expected 1 to %d digests, found %zu",
                                   RECORD_DIGESTS_MAX, json_array_size(digests));
        json_array_foreach (digests, i, digest) {
                uint8_t bytes[DIGEST_SIZE_MAX];

                if (!json_is_string(digest))
                        return problem_set(problem, -EBADMSG, "digest %zu: expected a string", i);
                if (digest_parse(json_string_value(digest), algorithm, bytes, problem) < 0)
                        return problem_prefix(problem, -EBADMSG, "digest %zu", i);
        }
        return 0;
}

/* The parameters are right, and log key and journal are there to do it. If not, @call has been
 * answered. */
static int can_log(struct agent *agent, struct call *call, const struct key *key)
{
        const json_t *parameters = call->message.parameters;
        const json_t *claims = json_object_get(parameters, "claims");
        struct problem problem = {};
        int r;

        if (check_digests(json_object_get(parameters, "digests"), key->info.algorithm, &problem) <
            0) {
                call_fail(call, "BadDigest", "%s", problem.text);
                return 0;
        }
        if (json_is_object(claims) && agent_check_claims(claims, &problem) < 0) {
                call_fail(call, "BadClaims", "%s", problem.text);
                return 0;
        }
        r = sealer_check(agent->sealer, &problem);
        if (r < 0) {
                agent_fail_log_token(agent, call, r, &problem);
                return 0;
        }
        return agent_can_record(agent, call);
}

static void fail_record(struct logged *logged, int error)
{
        if (error == -ESTALE)
                call_fail(logged->call, "KeyNotActive",
                          "version %u of key \"%s\" was active until %s", logged->key->info.version,
                          logged->key->info.name, logged->key->info.overlap);
        else if (error == -EMSGSIZE)
                call_fail(logged->call, "BadClaims", "the record would be longer than %zu bytes",
                          ENTRY_SIZE_MAX);
        else
                agent_fail_journal(logged->agent, logged->call, error);
        logged_free(logged);
}

/* The signature would be the log key's, which counts nothing and asks nobody. */
static int may_log(struct call *call, const struct key *key)
{
        if (!gate_is_closed(&key->info.gate))
                return 1;
        call_fail(call, "NotAuthorized",
                  "key \"%s\" has a use counter or a witness, which logged signatures pass by",
                  key->info.name);
        return 0;
}

void agent_sign_logged(struct agent *agent, struct call *call)
{
        struct grant_decision decision = {};
        struct logged *logged;
        struct key *key;
        int r;

        key = agent_find_signing_key(
                agent, call, json_member_string(call->message.parameters, "key"), &decision);
        if (!key || !may_log(call, key) || !can_log(agent, call, key))
                return;
        logged = calloc(1, sizeof(*logged));
        if (!logged) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        *logged = (struct logged){.agent = agent, .call = call, .key = key};
        logged->record.limit = ENTRY_SIZE_MAX;
        agent->in_progress++;
        r = put_record(logged, &decision);
        if (r == 0 && agent_overlap_is_over(key, logged->time))
                r = -ESTALE;
        if (r == 0)
                r = recorder_append_texts(&agent->recorder, buf_view(&logged->record),
                                          view_of(NULL, 0), logged->time, on_recorded, logged);
        if (r < 0)
                fail_record(logged, r);
}
