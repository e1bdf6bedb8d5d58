/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-change.h"

#include <errno.h>
#include <stdio.h>

#include "agent/event.h"
#include "agent/hold.h"
#include "agent/message.h"
#include "agent/ring.h"

#define BIT(state) (1u << (state))

static const struct change_kind kinds[] = {
        {"RetireKey", "key.retire", BIT(KEY_ACTIVE), KEY_RETIRED, 0, 0},
        {"RevokeKey", "key.revoke", BIT(KEY_ACTIVE) | BIT(KEY_RETIRED) | BIT(KEY_DESTROYED),
         KEY_REVOKED, 1, 0},
        {"DestroyKey", "key.destroy", BIT(KEY_RETIRED) | BIT(KEY_REVOKED), KEY_DESTROYED, 1, 1},
};

const struct change_kind *change_kind_find(struct view record_type)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (view_is(record_type, kinds[i].record))
                        return &kinds[i];
        return NULL;
}

static void change_free(struct change *change)
{
        struct agent *agent = change->agent;
        struct change **link = &agent->changes;

        while (*link && *link != change)
                link = &(*link)->next;
        if (*link)
                *link = change->next;
        json_decref(change->caller);
        free(change);
        agent_answer_ring_calls(agent);
        agent_progress_ended(agent);
}

/* Whoever waited for the key is told by whatever is active now. */
static void finish(struct change *change)
{
        struct agent *agent = change->agent;
        struct key *key = change->key;

        agent_release_key(agent, key);
        change_free(change);
}

int change_apply(struct agent *agent, struct key *key, const struct change_kind *kind,
                 const struct change *facts, struct problem *problem)
{
        const struct key_end end = {
                .state = key->info.state == KEY_REVOKED ? KEY_REVOKED : kind->to,
                .ended = key->info.state == KEY_ACTIVE ? facts->time : NULL,
                .revoked = kind->to == KEY_REVOKED ? facts->revoked : NULL,
                .destroyed = kind->to == KEY_DESTROYED ? facts->time : NULL,
                .reason = facts->reason[0] ? facts->reason : NULL,
        };

        return keystore_end(agent->store, key, &end, problem);
}

void agent_fail_storage(struct agent *agent, const char *what, int error,
                        const struct problem *problem)
{
        event_log(LOG_CRIT, MESSAGE_STORAGE_FAILED,
                  "%s is in the journal, and could not be written to the folder of keys: %s", what,
                  problem_text(problem, error));
        (void)sd_event_exit(agent->event, EXIT_FAILURE);
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct change *change = context;
        struct agent *agent = change->agent;
        struct key *key = change->key;
        struct problem problem = {};
        int r;

        if (error < 0) {
                agent_key_settled(agent);
                agent_fail_journal(agent, change->call, error);
                finish(change);
                return;
        }
        r = change_apply(agent, key, change->kind, change, &problem);
        if (r < 0) {
                agent_fail_storage(agent, change->kind->record, r, &problem);
                call_fail(change->call, "StorageFailed", "%s", problem_text(&problem, r));
                change_free(change); /* held and unsettled: its end has been recorded */
                return;
        }
        agent_key_settled(agent);
        key_request_note(agent, change->kind->method, change->id, key);
        event_log(LOG_NOTICE, MESSAGE_KEY_ENDED, "key %s version %u is %s now", key->info.name,
                  key->info.version, key_state_name(key->info.state));
        key_request_reply(change->call, key);
        finish(change);
}

static void record_change(void *context)
{
        struct change *change = context;
        struct agent *agent = change->agent;
        json_t *record = recorder_begin(&agent->recorder, change->kind->record);
        int r;

        if (record) {
                (void)snprintf(change->time, sizeof(change->time), "%s",
                               json_member_string(record, "time"));
                if (!change->revoked[0])
                        (void)snprintf(change->revoked, sizeof(change->revoked), "%s",
                                       change->time);
                (void)json_object_set(record, "caller", change->caller);
                recorder_set(record, "decision", grant_decision_text(&change->decision));
                recorder_set(record, "grant", change->decision.grant);
                recorder_set(record, "id", change->id[0] ? change->id : NULL);
                recorder_set(record, "reason", change->reason[0] ? change->reason : NULL);
                recorder_set(record, "request", change->request);
                if (change->kind->to == KEY_REVOKED)
                        recorder_set(record, "revoked", change->revoked);
                key_request_put_key(record, &change->key->info);
        }
        agent_key_unsettled(agent);
        r = recorder_append(&agent->recorder, record, on_recorded, change);
        if (r < 0)
                on_recorded(change, r, 0);
}

static void on_destroyed(struct operation *operation, int error, struct view answer,
                         const struct problem *problem)
{
        struct change *change = operation->context;

        if (error == 0) {
                record_change(change);
                return;
        }
        agent_fail_token(change->call, change->key->info.token, error, problem);
        finish(change);
}

static void on_drained(void *context)
{
        struct change *change = context;
        struct token *token;
        struct problem problem = {};

        if (!change->kind->needs_token) {
                record_change(change);
                return;
        }
        change->operation = (struct operation){
                .kind = FRAME_DESTROY,
                .key = &change->key->token_key,
                .done = on_destroyed,
                .context = change,
        };
        token = agent_find_token(change->agent, change->key->info.token, &problem);
        if (token)
                token_submit(token, &change->operation);
        else
                on_destroyed(&change->operation, -ENODEV, view_of(NULL, 0), &problem);
}

/* The version that the call is about: it is there, and in a state from which the verb leads. If
 * not,
 * @call has been answered. */
static struct key *find_key(struct agent *agent, struct call *call, const struct change_kind *kind)
{
        const char *name = json_member_string(call->message.parameters, "name");
        json_int_t version = json_member_integer(call->message.parameters, "version", 0);
        struct key *key = NULL;

        if (version >= 0 && version <= UINT32_MAX)
                key = keystore_find(agent->store, name, (uint32_t)version);
        if (!key) {
                call_fail(call, "NoSuchKey",
                          version ? "there is no such version of key \"%s\""
                                  : "there is no active version of key \"%s\"",
                          name);
                return NULL;
        }
        if (key->info.purpose == KEY_LOG) {
                call_fail(call, "WrongState",
                          "key \"%s\" is the log key, without which nothing "
                          "is proved: it has no end",
                          name);
                return NULL;
        }
        if (kind->from & BIT(key->info.state) &&
            !(kind->to == KEY_DESTROYED && key->info.destroyed[0]))
                return key;
        call_fail(call, "WrongState", "version %u of key \"%s\" is %s%s", key->info.version, name,
                  key_state_name(key->info.state),
                  key->info.destroyed[0] && key->info.state == KEY_REVOKED ? " and destroyed" : "");
        return NULL;
}

/* What else is asked for. If it makes no sense, @call has been answered. */
static int read_parameters(struct call *call, const struct change_kind *kind, struct change *ret)
{
        const char *reason = json_member_string(call->message.parameters, "reason");
        const char *since = json_member_string(call->message.parameters, "since");
        char now[RECORD_TIME_SIZE];

        if ((kind->needs_reason && !reason) || (reason && !key_reason_is_valid(reason))) {
                call_fail(call, "BadName", "reason: expected 1 to %d bytes", KEY_REASON_MAX);
                return 0;
        }
        if (since &&
            (!record_time_is_valid(since) || strcmp(since, record_time(recorder_now(), now)) > 0)) {
                call_fail(call, "BadName",
                          "since: expected a time until now as YYYY-MM-DDThh:mm:ss.ffffffZ, found "
                          "\"%.40s\"",
                          since);
                return 0;
        }
        (void)snprintf(ret->reason, sizeof(ret->reason), "%s", reason ? reason : "");
        (void)snprintf(ret->revoked, sizeof(ret->revoked), "%s", since ? since : "");
        return 1;
}

static void change_key(struct agent *agent, struct call *call, const struct change_kind *kind)
{
        const char *name = json_member_string(call->message.parameters, "name");
        struct grant_decision decision = {};
        struct change facts = {}, *change;
        struct key *key;

        if (!key_request_begin(agent, call, name, &decision))
                return;
        key = find_key(agent, call, kind);
        if (!key || !read_parameters(call, kind, &facts))
                return;
        change = malloc(sizeof(*change));
        if (!change) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        *change = facts;
        change->agent = agent;
        change->call = call;
        change->key = key;
        change->kind = kind;
        change->decision = decision;
        change->caller = caller_to_json(call_caller(call));
        (void)call_request(call, change->request);
        key_request_id(call, change->id);
        change->next = agent->changes;
        agent->changes = change;
        agent->in_progress++;
        agent_hold_key(key, on_drained, change);
}

void agent_retire_key(struct agent *agent, struct call *call)
{
        change_key(agent, call, &kinds[0]);
}

void agent_revoke_key(struct agent *agent, struct call *call)
{
        change_key(agent, call, &kinds[1]);
}

void agent_destroy_key(struct agent *agent, struct call *call)
{
        change_key(agent, call, &kinds[2]);
}
