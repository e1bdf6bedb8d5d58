/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"
#include "agent/event.h"

/* A version that was being made when the agent died, or whose file could not be made durable, is no
 * key: nobody was told of it. It goes from the token first, then the journal says so, then its
 * files go; a crash in between begins again with the token. */
struct undoing {
        struct agent *agent;
        struct key *key;
        struct operation operation;
};

static void undoing_free(struct undoing *undoing)
{
        struct agent *agent = undoing->agent;

        if (undoing->key)
                undoing->key->undoing = 0;
        free(undoing);
        agent_answer_ring_calls(agent);
        agent_progress_ended(agent);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct undoing *undoing = context;
        struct agent *agent = undoing->agent;

        if (error == 0) {
                keystore_discard(agent->store, undoing->key);
                undoing->key = NULL;
                agent_want_log_key(agent); /* its name may have been the one in the way */
        }
        undoing_free(undoing);
}

static void on_destroyed(struct operation *operation, int error, struct view answer,
                         const struct problem *problem)
{
        struct undoing *undoing = operation->context;
        const struct keyring_key *info = &undoing->key->info;
        char fingerprint[HEX_SIZE(SHA256_SIZE)];
        json_t *record;

        if (error < 0) {
                event_log(LOG_WARNING, NULL, "token %s: unfinished key %s could not be removed: %s",
                          info->token, info->name, problem_text(problem, error));
                undoing_free(undoing);
                return;
        }
        record = recorder_begin(&undoing->agent->recorder, "key.destroy");
        if (record) {
                recorder_set(
                        record, "fingerprint",
                        hex_encode(sha256_view(pubkey_fingerprint(info->pubkey)), fingerprint));
                recorder_set(record, "key", info->name);
                recorder_set(record, "reason", "its creation was interrupted");
                recorder_set_integer(record, "version", info->version);
        }
        if (recorder_append(&undoing->agent->recorder, record, on_recorded, undoing) < 0)
                undoing_free(undoing); /* tried again when the token next becomes ready */
}

static void undo(struct agent *agent, struct key *key, struct token *token)
{
        struct undoing *undoing = calloc(1, sizeof(*undoing));

        if (!undoing)
                return; /* tried again when the token next becomes ready */
        *undoing = (struct undoing){agent,
                                    key,
                                    {
                                            .kind = FRAME_DESTROY,
                                            .key = &key->token_key,
                                            .done = on_destroyed,
                                            .context = undoing,
                                    }};
        key->undoing = 1;
        agent->in_progress++;
        token_submit(token, &undoing->operation);
}

void agent_undo_pending_keys(struct agent *agent, struct token *token)
{
        struct key *key;

        if (!agent_is_anchored(agent))
                return;
        for (size_t i = 0; (key = keystore_pending_at(agent->store, i)); i++)
                if (key->interrupted && !key->undoing &&
                    string_equal(key->info.token, token_name(token)))
                        undo(agent, key, token);
}
