/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "agent/agent.h"
#include "agent/event.h"
#include "lib/base64.h"

/* The TPM counts the uses of a key; what it says goes into the journal, so that an auditor can hold
 * it against the signatures there. */
struct counting {
        struct agent *agent;
        struct key *key;
        uint64_t tree_size; /* whose root the TPM attests along with the count */
        struct operation operation;
};

static void counting_free(struct counting *counting)
{
        struct agent *agent = counting->agent;

        counting->key->counting = 0;
        free(counting);
        agent_progress_ended(agent);
}

static void set_bytes(json_t *record, const char *name, struct view bytes)
{
        _cleanup_(buf_done) struct buf text = {};

        base64_encode(&text, bytes);
        if (record && bytes.size > 0)
                (void)json_object_set_new(record, name,
                                          json_stringn((const char *)text.data, text.size));
}

static void record_count(struct counting *counting, uint32_t count, struct view attestation,
                         struct view signature)
{
        const struct keyring_key *info = &counting->key->info;
        json_t *record = recorder_begin(&counting->agent->recorder, "key.count");
        char fingerprint[HEX_SIZE(SHA256_SIZE)];

        if (record) {
                set_bytes(record, "attestation", attestation);
                recorder_set_integer(record, "count", count);
                recorder_set(
                        record, "fingerprint",
                        hex_encode(sha256_view(pubkey_fingerprint(info->pubkey)), fingerprint));
                recorder_set(record, "key", info->name);
                set_bytes(record, "signature", signature);
                if (attestation.size > 0)
                        recorder_set_integer(record, "size", counting->tree_size);
                recorder_set_integer(record, "version", info->version);
        }
        recorder_note(&counting->agent->recorder, record);
        counting->key->uses = 0;
}

/* A process answers in order: the signatures that it counted are recorded already. */
static void on_counted(struct operation *operation, int error, struct view answer,
                       const struct problem *problem)
{
        struct counting *counting = operation->context;
        struct reader reader = reader_init(answer);
        uint32_t count = reader_u32(&reader);
        struct view attestation = reader_sized(&reader), signature = reader_sized(&reader);
        struct problem reason = {};
        int r = error;

        if (r == 0 && reader_end(&reader) < 0)
                r = problem_set(&reason, -EIO, "answer to count: malformed");
        if (r < 0)
                event_log(LOG_WARNING, NULL, "the uses of key %s were not counted: %s",
                          counting->key->info.name, problem_text(error < 0 ? problem : &reason, r));
        else
                record_count(counting, count, attestation, signature);
        counting_free(counting);
}

static void count(struct agent *agent, struct key *key, struct token *token)
{
        struct counting *counting = calloc(1, sizeof(*counting));
        const struct checkpoint head = writer_head(agent->writer);

        if (!counting)
                return; /* counted next time */
        *counting = (struct counting){.agent = agent,
                                      .key = key,
                                      .tree_size = head.size,
                                      .operation = {.kind = FRAME_COUNT,
                                                    .key = &key->token_key,
                                                    .done = on_counted,
                                                    .context = counting}};
        memcpy(counting->operation.digest, head.root.bytes, SHA256_SIZE);
        key->counting = 1;
        agent->in_progress++;
        token_submit(token, &counting->operation);
}

/* A version that has ended is counted once more: it will never be used again, says the journal. */
int agent_owes_count(const struct key *key)
{
        return key->info.gate.counter && !key->info.destroyed[0] &&
               (key->info.state == KEY_ACTIVE || key->uses > 0);
}

void agent_count_uses(struct agent *agent, const struct token *token)
{
        struct key *key;

        for (size_t i = 0; (key = keystore_at(agent->store, i)); i++) {
                struct token *its = agent_find_token(agent, key->info.token, NULL);

                if (agent_owes_count(key) && !key->counting && its &&
                    (its == token || (!token && key->uses > 0)) && token_state(its) == TOKEN_READY)
                        count(agent, key, its);
        }
}

static int on_interval(sd_event_source *source, uint64_t usec, void *context)
{
        struct agent *agent = context;

        agent_count_uses(agent, NULL);
        return agent_count_regularly(agent);
}

int agent_count_regularly(struct agent *agent)
{
        int r;

        if (!agent->count_timer)
                r = sd_event_add_time_relative(agent->event, &agent->count_timer, CLOCK_MONOTONIC,
                                               agent->config->count_usec, 0, on_interval, agent);
        else
                r = sd_event_source_set_time_relative(agent->count_timer,
                                                      agent->config->count_usec);
        if (r >= 0)
                r = sd_event_source_set_enabled(agent->count_timer, SD_EVENT_ONESHOT);
        return r < 0 ? r : 0;
}
