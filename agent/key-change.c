/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/key-change.h"

#include <errno.h>
#include <stdio.h>

#include "agent/approve.h"
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
        json_decref(change->pending);
        free(change);
        agent_answer_ring_calls(agent);
        agent_look_at_overlaps(agent);
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

/* The time of the record, or that of the overlap if that was over. */
static const char *end_of(const struct key *key, const char *time)
{
        return agent_overlap_is_over(key, time) ? key->info.overlap : time;
}

int change_apply(struct agent *agent, struct key *key, const struct change_kind *kind,
                 const struct change *facts, struct problem *problem)
{
        const struct key_end end = {
                .state = key->info.state == KEY_REVOKED ? KEY_REVOKED : kind->to,
                .ended = key->info.state == KEY_ACTIVE ? end_of(key, facts->time) : NULL,
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
        /* Approved, it was another call that asked for it. */
        key_request_note(agent, change->pending ? NULL : change->call, change->kind->method,
                         change->id, key);
        if (change->pending)
                agent_approval_done(agent, json_member_string(change->pending, "approval"));
        event_log(LOG_NOTICE, MESSAGE_KEY_ENDED, "key %s version %u is %s now", key->info.name,
                  key->info.version, key_state_name(key->info.state));
        key_request_reply(change->call, key);
        finish(change);
}

/* Who asked for it. With two of them, who approved it was alive when he did. */
static void set_operators(json_t *record, const struct change *change)
{
        if (change->pending) {
                agent_set_operators(record, change->pending, change->caller, change->request);
                return;
        }
        (void)json_object_set(record, "caller", change->caller);
        recorder_set(record, "request", change->request);
        recorder_set(record, "decision", grant_decision_text(&change->decision));
        recorder_set(record, "grant", change->decision.grant);
        recorder_set(record, "id", change->id[0] ? change->id : NULL);
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
                set_operators(record, change);
                recorder_set(record, "reason", change->reason[0] ? change->reason : NULL);
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

static int leads_from(const struct change_kind *kind, const struct key *key)
{
        return kind->from & BIT(key->info.state) &&
               !(kind->to == KEY_DESTROYED && key->info.destroyed[0]);
}

/* Whether the verb leads from the state of that version. If not, @call has been answered. */
static int is_in_state(struct call *call, const struct key *key, const struct change_kind *kind)
{
        if (key->info.purpose == KEY_LOG) {
                call_fail(call, "WrongState",
                          "key \"%s\" is the log key, without which nothing "
                          "is proved: it has no end",
                          key->info.name);
                return 0;
        }
        if (kind->needs_token && key->info.imported[0]) {
                call_fail(call, "WrongState",
                          "key \"%s\" was imported: no token here has it to destroy",
                          key->info.name);
                return 0;
        }
        if (leads_from(kind, key))
                return 1;
        call_fail(call, "WrongState", "version %u of key \"%s\" is %s%s", key->info.version,
                  key->info.name, key_state_name(key->info.state),
                  key->info.destroyed[0] && key->info.state == KEY_REVOKED ? " and destroyed" : "");
        return 0;
}

/* The version that the call is about, in a state from which the verb leads. If there is none, @call
 * has been answered. */
static struct key *find_key(struct agent *agent, struct call *call, const struct change_kind *kind)
{
        const char *name = json_member_string(call->message.parameters, "name");
        json_int_t version = json_member_integer(call->message.parameters, "version", 0);
        struct key *key = NULL;

        if (version >= 0 && version <= UINT32_MAX)
                key = keystore_find(agent->store, name, (uint32_t)version);
        if (key)
                return is_in_state(call, key, kind) ? key : NULL;
        call_fail(call, "NoSuchKey",
                  version ? "there is no such version of key \"%s\""
                          : "there is no active version of key \"%s\"",
                  name);
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

/* @facts has what the change is to be. */
static void begin_change(struct agent *agent, struct call *call, struct key *key,
                         const struct change *facts)
{
        struct change *change = malloc(sizeof(*change));

        if (!change) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        *change = *facts;
        change->agent = agent;
        change->call = call;
        change->key = key;
        change->caller = caller_to_json(call_caller(call));
        json_incref(change->pending);
        (void)call_request(call, change->request);
        change->next = agent->changes;
        agent->changes = change;
        agent->in_progress++;
        agent_hold_key(key, on_drained, change);
}

/* For a second operator: what the change would be. */
static void ask_approval(struct agent *agent, struct call *call, const struct key *key,
                         const struct change *facts)
{
        json_t *record = agent_pending_record(agent, call, &facts->decision);

        if (record) {
                key_request_put_key(record, &key->info);
                recorder_set(record, "reason", facts->reason[0] ? facts->reason : NULL);
                recorder_set(record, "revoked", facts->revoked[0] ? facts->revoked : NULL);
        }
        agent_ask_approval(agent, call, record);
}

static void change_key(struct agent *agent, struct call *call, const struct change_kind *kind)
{
        const char *name = json_member_string(call->message.parameters, "name");
        struct change facts = {.kind = kind};
        struct key *key;

        if (!key_request_begin(agent, call, name, &facts.decision))
                return;
        key = find_key(agent, call, kind);
        if (!key || !read_parameters(call, kind, &facts))
                return;
        key_request_id(call, facts.id);
        if (agent_needs_approval(agent, call))
                ask_approval(agent, call, key, &facts);
        else
                begin_change(agent, call, key, &facts);
}

static const struct change_kind *kind_of_method(const char *method)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (string_equal(kinds[i].method, method))
                        return &kinds[i];
        return NULL;
}

static void copy_text(char *ret, size_t size, const char *text)
{
        (void)snprintf(ret, size, "%s", text ? text : "");
}

/* NULL: there is no such version any more. */
static struct key *find_asked(const struct agent *agent, const json_t *record)
{
        const char *fingerprint = json_member_string(record, "fingerprint");
        struct key *key =
                fingerprint ? keystore_find_fingerprint(agent->store, view_string(fingerprint))
                            : NULL;

        return key && !keystore_is_pending(agent->store, key) ? key : NULL;
}

int agent_change_is_possible(const struct agent *agent, const json_t *record)
{
        const struct change_kind *kind = kind_of_method(json_member_string(record, "method"));
        const struct key *key = find_asked(agent, record);

        return kind && key && leads_from(kind, key);
}

void agent_change_approved(struct agent *agent, const struct approval *approval)
{
        const json_t *record = approval->record;
        struct change facts = {
                .kind = kind_of_method(json_member_string(record, "method")),
                .pending = (json_t *)(uintptr_t)record,
        };
        struct key *key = find_asked(agent, record);

        if (!facts.kind || !key) {
                call_fail(approval->call, "NoSuchKey", "there is no such version any more");
                return;
        }
        if (key_is_changing(agent, key->info.name)) {
                call_fail(approval->call, "Busy", "key \"%s\" is being made or changed right now",
                          key->info.name);
                return;
        }
        if (!is_in_state(approval->call, key, facts.kind))
                return;
        copy_text(facts.reason, sizeof(facts.reason), json_member_string(record, "reason"));
        copy_text(facts.revoked, sizeof(facts.revoked), json_member_string(record, "revoked"));
        copy_text(facts.id, sizeof(facts.id), json_member_string(record, "id"));
        begin_change(agent, approval->call, key, &facts);
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
