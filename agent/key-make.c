/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-making.h"

#include <errno.h>
#include <stdio.h>

#include "agent/event.h"
#include "agent/message.h"
#include "agent/ring.h"
#include "lib/base64.h"
#include "lib/driver.h"
#include "lib/gate-json.h"

void making_free(struct making *making)
{
        struct agent *agent = making->agent;
        struct making **link = &agent->makings;

        while (*link && *link != making)
                link = &(*link)->next;
        if (*link)
                *link = making->next;
        free(making->handle);
        keyring_key_done(&making->info);
        facts_done(&making->options);
        key_creation_done(&making->creation);
        json_decref(making->caller);
        buf_done(&making->previous_signature);
        buf_done(&making->statement);
        buf_done(&making->own_signature);
        free(making);
        agent_answer_ring_calls(agent);
        agent_look_at_overlaps(agent);
        agent_progress_ended(agent);
}

static void on_undone(struct operation *operation, int error, struct view answer,
                      const struct problem *problem)
{
        struct making *making = operation->context;

        if (error < 0)
                event_log(LOG_WARNING, NULL,
                          "token %s: \"%s\" was not finished and could not be removed: %s",
                          making->token, making->label, problem_text(problem, error));
        making_free(making);
}

/* The caller has its answer. What the token has made already goes again. */
static void undo(struct making *making)
{
        struct token *token = agent_find_token(making->agent, making->token, NULL);

        if (!making->handle || !token) {
                making_free(making);
                return;
        }
        making->made = (struct token_key){making->algorithm, making->handle, NULL};
        making->operation = (struct operation){
                .kind = FRAME_DESTROY,
                .key = &making->made,
                .done = on_undone,
                .context = making,
        };
        token_submit(token, &making->operation);
}

void making_fail(struct making *making, const char *error, const char *reason)
{
        if (making->call)
                call_fail(making->call, error, "%s", reason);
        else
                event_log(LOG_ERR, MESSAGE_CHECKPOINT_FAILED, "log key not made: %s", reason);
        undo(making);
}

void making_fail_token(struct making *making, const char *token, int error,
                       const struct problem *problem)
{
        if (!making->call) {
                making_fail(making, "", problem_text(problem, error));
                return;
        }
        agent_fail_token(making->call, token, error, problem);
        undo(making);
}

void making_fail_journal(struct making *making, int error)
{
        if (!making->call) {
                making_fail(making, "", strerror(-error));
                return;
        }
        agent_fail_journal(making->agent, making->call, error);
        undo(making);
}

/* The key could not come to be: @error is the journal's, or 0 and @r that of its file. */
static void give_up(struct making *making, int error, int r, const struct problem *problem)
{
        struct agent *agent = making->agent;
        struct token *token = agent_find_token(agent, making->token, NULL);
        /* A batch whose sync failed may be on the disk all the same. */
        int is_recorded = error == 0 || error == -EROFS;

        if (is_recorded) {
                /* It goes like those that a crash left behind, and a record says so. */
                making->key->interrupted = 1;
                free(making->handle);
                making->handle = NULL;
        } else {
                keystore_discard(agent->store, making->key);
        }
        if (error < 0)
                making_fail_journal(making, error);
        else
                making_fail(making, "StorageFailed", problem_text(problem, r));
        if (is_recorded && token)
                agent_undo_pending_keys(agent, token);
}

void making_end(struct making *making)
{
        struct agent *agent = making->agent;
        const struct key *key = making->key;
        struct token *token = agent_find_token(agent, key->info.token, NULL);

        event_log(LOG_NOTICE, making->rotates ? MESSAGE_KEY_ROTATED : MESSAGE_KEY_CREATED,
                  "key %s version %u (%s) made in token %s", key->info.name, key->info.version,
                  key->info.algorithm->name, key->info.token);
        if (token)
                token_add_key(token, &key->token_key);
        if (making->call) {
                key_request_note(agent, making->call, making->rotates ? "RotateKey" : "CreateKey",
                                 making->id, key);
                key_request_reply(making->call, key);
        } else {
                sealer_notice(agent->sealer);
        }
        if (agent_remind_rotations(agent) < 0)
                event_log(LOG_WARNING, NULL, "no timer: nobody will be reminded of rotations");
        making_free(making);
}

/* The journal says that the key exists; from here on it does. */
static void on_recorded(void *context, int error, uint64_t index)
{
        struct making *making = context;
        struct agent *agent = making->agent;
        struct key *key = making->key;
        struct problem problem = {};
        int r = error;

        agent_key_settled(agent);
        if (r == 0)
                r = keystore_commit(agent->store, key, &problem);
        if (r < 0) {
                give_up(making, error, r, &problem);
                return;
        }
        making_end(making);
}

json_t *making_record(struct making *making, const char *type)
{
        json_t *record = recorder_begin(&making->agent->recorder, type);
        const struct keyring_key *info = &making->key->info;
        _cleanup_(buf_done) struct buf spki = {};

        base64_encode(&spki, pubkey_spki(info->pubkey));
        buf_put_u8(&spki, '\0');
        if (!record || buf_error(&spki) || gate_to_json(&info->gate, record) < 0) {
                json_decref(record);
                return NULL;
        }
        recorder_set(record, "algorithm", info->algorithm->name);
        key_request_put_key(record, info);
        recorder_set(record, "publicKey", (const char *)spki.data);
        recorder_set(record, "purpose", key_purpose_name(info->purpose));
        recorder_set(record, "token", info->token);
        recorder_set(record, "transparency", key_transparency_name(info->transparency));
        if (making->call) {
                (void)json_object_set(record, "caller", making->caller);
                recorder_set(record, "decision", grant_decision_text(&making->decision));
                recorder_set(record, "grant", making->decision.grant);
                recorder_set(record, "id", making->id[0] ? making->id : NULL);
                recorder_set(record, "request", making->request);
        }
        return record;
}

static void on_generated(struct operation *operation, int error, struct view answer,
                         const struct problem *problem)
{
        struct making *making = operation->context;
        _cleanup_(buf_done) struct buf creation = {};
        struct problem reason = {};
        struct view handle;
        int r = error;

        if (r < 0) {
                making_fail_token(making, making->token, r, problem);
                return;
        }
        r = making_read_answer(making, answer, &handle, &reason);
        if (r < 0) {
                making_fail_token(making, making->token, r, &reason);
                return;
        }
        making->handle = view_dup(handle);
        making->info.algorithm = making->algorithm;
        (void)record_time(recorder_now(), making->info.created);
        r = making_put_creation(making, &creation);
        if (r == 0)
                r = keystore_prepare(making->agent->store, &making->info, handle,
                                     buf_view(&creation), &making->key, &reason);
        if (r < 0) {
                making_fail(making, "StorageFailed", problem_text(&reason, r));
                return;
        }
        if (making->rotates) {
                making_rotate(making);
                return;
        }
        agent_key_unsettled(making->agent);
        r = recorder_append(&making->agent->recorder, making_record(making, "key.create"),
                            on_recorded, making);
        if (r < 0)
                on_recorded(making, r, 0);
}

void making_begin(struct making *making, struct token *token)
{
        char time[RECORD_TIME_SIZE];

        /* On the token itself: who made it, which key, which version; and when, so that one whose
         * creation was interrupted is not in the way of the next attempt. */
        (void)snprintf(making->label, sizeof(making->label), "hallmark %s %u %s", making->name,
                       making->info.version, record_time(recorder_now(), time));
        making->operation = (struct operation){
                .kind = FRAME_GENERATE,
                .algorithm = making->algorithm,
                .label = making->label,
                .outside = sha256_view(&making->outside),
                .options = &making->options,
                .done = on_generated,
                .context = making,
        };
        making->next = making->agent->makings;
        making->agent->makings = making;
        if (making_note_purpose(making) < 0)
                making_fail_token(making, making->token, -ENOMEM, NULL);
        else
                token_submit(token, &making->operation);
}

struct making *making_new(struct agent *agent, const char *name, const char *token)
{
        struct making *making = calloc(1, sizeof(*making));

        if (!making)
                return NULL;
        making->agent = agent;
        agent->in_progress++; /* until making_free() */
        making->info.version = 1;
        making->info.state = KEY_ACTIVE;
        (void)snprintf(making->name, sizeof(making->name), "%s", name);
        (void)snprintf(making->token, sizeof(making->token), "%s", token);
        (void)snprintf(making->info.name, sizeof(making->info.name), "%s", name);
        (void)snprintf(making->info.token, sizeof(making->info.token), "%s", token);
        return making;
}

int making_has_name(const struct agent *agent, const char *name)
{
        for (const struct making *making = agent->makings; making; making = making->next)
                if (string_equal(making->name, name))
                        return 1;
        return 0;
}

int making_name_is_taken(const struct agent *agent, const char *name)
{
        return making_has_name(agent, name) || keystore_has_name(agent->store, name);
}
