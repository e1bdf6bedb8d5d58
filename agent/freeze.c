/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/freeze.h"

#include <errno.h>

#include "agent/approve.h"
#include "agent/event.h"
#include "agent/key-change.h"
#include "agent/message.h"

/* A freeze or a thaw whose record is on its way. */
struct freezing {
        struct agent *agent;
        struct call *call; /* NULL: a freeze that is recorded later than it began */
        json_t *record;
        int is_thaw;
        struct freezing *next;
};

static void freezing_free(struct freezing *freezing)
{
        struct agent *agent = freezing->agent;
        struct freezing **link = &agent->freezings;

        while (*link != freezing)
                link = &(*link)->next;
        *link = freezing->next;
        json_decref(freezing->record);
        free(freezing);
        agent_progress_ended(agent);
}

/* Takes the reference to @record; NULL without memory. */
static struct freezing *freezing_new(struct agent *agent, struct call *call, json_t *record)
{
        struct freezing *freezing = record ? calloc(1, sizeof(*freezing)) : NULL;

        if (!freezing) {
                json_decref(record);
                return NULL;
        }
        *freezing = (struct freezing){
                .agent = agent,
                .call = call,
                .record = record,
                .is_thaw = string_equal(json_member_string(record, "type"), "thaw"),
                .next = agent->freezings,
        };
        agent->freezings = freezing;
        agent->in_progress++;
        return freezing;
}

static int is_busy(const struct agent *agent, const char *target)
{
        for (const struct freezing *freezing = agent->freezings; freezing;
             freezing = freezing->next)
                if (string_equal(frozen_target(freezing->record), target))
                        return 1;
        return 0;
}

const char *agent_frozen_reason(const struct agent *agent, const char *key, struct problem *ret)
{
        const json_t *record = frozen_find(agent->frozen, key);
        const char *name = record ? json_member_string(record, "key") : NULL;

        if (!record)
                return NULL;
        (void)problem_set(ret, -EPERM, "%s%s%s frozen since %s: %s", name ? "key \"" : "everything",
                          name ? name : "", name ? "\" is" : " is",
                          json_member_string(record, "time"), json_member_string(record, "reason"));
        return ret->text;
}

int agent_may_sign(struct agent *agent, struct call *call, const char *key)
{
        struct problem problem = {};
        const struct refusal refusal = {
                .caller = call->connection ? call_caller(call) : NULL,
                .method = call->method->name,
                .key = key,
                .error = "Frozen",
                .reason = agent_frozen_reason(agent, key, &problem),
        };

        if (!refusal.reason)
                return 1;
        if (refusal.caller)
                refusals_note(agent->refusals, &refusal);
        call_fail(call, "Frozen", "%s", refusal.reason);
        return 0;
}

static void log_freezing(const json_t *record, int is_thaw)
{
        const char *key = json_member_string(record, "key");
        const char *reason = json_member_string(record, "reason");

        event_log(is_thaw ? LOG_NOTICE : LOG_WARNING, is_thaw ? MESSAGE_THAWED : MESSAGE_FROZEN,
                  "%s%s %s: %s", key ? "key " : "everything", key ? key : "",
                  is_thaw ? "is thawed" : "is frozen", reason ? reason : "no reason given");
}

/* It is frozen without its record, which follows; a thaw has not happened. */
static void take_failure(struct freezing *freezing, int error)
{
        struct agent *agent = freezing->agent;
        struct problem problem = {};
        int r;

        if (freezing->is_thaw) {
                agent_fail_journal(agent, freezing->call, error);
                return;
        }
        r = frozen_set(agent->frozen, freezing->record, 0);
        if (r == 0)
                r = frozen_save(agent->frozen, &problem);
        if (!freezing->call)
                return;
        log_freezing(freezing->record, 0);
        if (r < 0)
                call_fail(freezing->call, "StorageFailed",
                          "frozen until the agent ends, and neither recorded nor stored: %s",
                          problem_text(&problem, r));
        else
                call_fail(freezing->call, error == -ENOSPC ? "JournalFull" : "JournalSealed",
                          "frozen, and recorded when the journal takes records again: %s",
                          writer_reason(agent->writer));
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct freezing *freezing = context;
        struct agent *agent = freezing->agent;
        const char *type = json_member_string(freezing->record, "type");
        struct problem problem = {};
        json_t *reply = NULL;
        int r;

        if (error < 0) {
                take_failure(freezing, error);
                freezing_free(freezing);
                return;
        }
        r = agent_apply_freeze(agent, freezing->record, &reply, &problem);
        if (r == 0 && json_member_string(freezing->record, "approval"))
                agent_approval_done(agent, json_member_string(freezing->record, "approval"));
        if (r < 0)
                agent_fail_storage(agent, type, r, &problem);
        if (freezing->call && r < 0)
                call_fail(freezing->call, "StorageFailed", "%s", problem_text(&problem, r));
        if (freezing->call && r == 0) {
                log_freezing(freezing->record, freezing->is_thaw);
                call_reply(freezing->call, TAKE_PTR(reply));
        }
        json_decref(reply);
        freezing_free(freezing);
}

static void append(struct freezing *freezing)
{
        int r = recorder_append(&freezing->agent->recorder, json_copy(freezing->record),
                                on_recorded, freezing);

        if (r < 0)
                on_recorded(freezing, r == -EROFS || r == -ENOSPC ? r : -EROFS, 0);
}

/* Whether @call may go on: name, grant, and that it was not there before. If not, it has been
 * answered. */
static int begin(struct agent *agent, struct call *call, const char *target,
                 struct grant_decision *ret)
{
        const char *id = json_member_string(call->message.parameters, "id");
        struct problem problem = {};
        const json_t *reply = NULL;
        int r;

        if (json_member_string(call->message.parameters, "key") && !key_name_is_valid(target)) {
                call_fail(call, "BadName", "\"%.80s\" is no name of a key", target);
                return 0;
        }
        if (id && !key_name_is_valid(id)) {
                call_fail(call, "BadName", "id \"%.80s\": expected the characters of a name", id);
                return 0;
        }
        if (!agent_granted(agent, call, target, ret))
                return 0;
        r = id ? frozen_find_request(agent->frozen, id, call->method->name, target, &reply,
                                     &problem)
               : -ENOENT;
        if (r == 0)
                call_reply(call, json_incref((json_t *)(uintptr_t)reply));
        else if (r == -EEXIST)
                call_fail(call, "IdUsed", "%s", problem.text);
        else if (is_busy(agent, target))
                call_fail(call, "Busy", "it is being frozen or thawed right now");
        return r == -ENOENT && !is_busy(agent, target);
}

static json_t *make_record(struct agent *agent, struct call *call, const char *type,
                           const struct grant_decision *decision)
{
        const json_t *parameters = call->message.parameters;
        json_t *made = recorder_begin(&agent->recorder, type);
        char request[CALL_REQUEST_SIZE];

        if (!made)
                return NULL;
        (void)json_object_set_new(made, "caller", caller_to_json(call_caller(call)));
        recorder_set(made, "decision", grant_decision_text(decision));
        recorder_set(made, "grant", decision->grant);
        recorder_set(made, "id", json_member_string(parameters, "id"));
        recorder_set(made, "key", json_member_string(parameters, "key"));
        recorder_set(made, "reason", json_member_string(parameters, "reason"));
        recorder_set(made, "request", call_request(call, request));
        return made;
}

static int has_reason(struct call *call)
{
        const char *reason = json_member_string(call->message.parameters, "reason");

        if (!reason || key_reason_is_valid(reason))
                return 1;
        call_fail(call, "BadName", "reason: expected 1 to %d bytes", KEY_REASON_MAX);
        return 0;
}

static const char *target_of(const struct call *call)
{
        const char *key = json_member_string(call->message.parameters, "key");

        return key ? key : FROZEN_ALL;
}

/* If not, @call has been answered. */
static int can_freeze(struct agent *agent, struct call *call, const char *target)
{
        const struct key *key = keystore_newest(agent->store, target);

        if (string_equal(target, FROZEN_ALL))
                return 1;
        if (key && key->info.purpose == KEY_LOG) {
                call_fail(call, "WrongState",
                          "key \"%s\" is a log key: checkpoints go on whatever is frozen", target);
                return 0;
        }
        if (keystore_has_name(agent->store, target))
                return 1;
        call_fail(call, "NoSuchKey", "there is no key \"%s\"", target);
        return 0;
}

/* What is frozen already stays so for its first reason. */
static void reply_frozen(struct call *call, const json_t *freeze)
{
        call_reply(call, json_pack("{s:o}", "frozen", frozen_describe(freeze)));
}

/* A thaw that a sealed journal has refused may be on the disk all the same: only a freeze that is
 * noted as one without a record outlives the next start. */
static int stays_frozen(const struct agent *agent, const char *target)
{
        return frozen_is_recorded(agent->frozen, target) &&
               writer_state(agent->writer) != WRITER_SEALED;
}

void agent_freeze(struct agent *agent, struct call *call)
{
        const char *target = target_of(call);
        struct grant_decision decision = {};
        struct freezing *freezing;
        const json_t *present;

        if (!begin(agent, call, target, &decision) || !has_reason(call) ||
            !can_freeze(agent, call, target))
                return;
        present = frozen_get(agent->frozen, target);
        if (present && stays_frozen(agent, target)) {
                reply_frozen(call, present);
                return;
        }
        freezing = freezing_new(agent, call, make_record(agent, call, "freeze", &decision));
        /* From here on nothing is signed. */
        if (!freezing || frozen_set(agent->frozen, freezing->record, 0) < 0) {
                call_fail(call, "Busy", "out of memory: nothing is frozen");
                if (freezing)
                        freezing_free(freezing);
                return;
        }
        append(freezing);
}

/* For a second operator: the end of this freeze, and of no later one. */
static void ask_approval(struct agent *agent, struct call *call, const json_t *freeze,
                         const struct grant_decision *decision)
{
        json_t *record = agent_pending_record(agent, call, decision);

        if (record) {
                recorder_set(record, "frozen", json_member_string(freeze, "time"));
                recorder_set(record, "key", json_member_string(call->message.parameters, "key"));
                recorder_set(record, "reason",
                             json_member_string(call->message.parameters, "reason"));
        }
        agent_ask_approval(agent, call, record);
}

void agent_thaw(struct agent *agent, struct call *call)
{
        const char *target = target_of(call);
        struct grant_decision decision = {};
        struct freezing *freezing;
        const json_t *freeze;

        if (!begin(agent, call, target, &decision) || !has_reason(call))
                return;
        freeze = frozen_get(agent->frozen, target);
        if (!freeze) {
                call_fail(call, "WrongState", "%s%s%s is not frozen",
                          string_equal(target, FROZEN_ALL) ? "everything" : "key \"",
                          string_equal(target, FROZEN_ALL) ? "" : target,
                          string_equal(target, FROZEN_ALL) ? "" : "\"");
                return;
        }
        if (agent_needs_approval(agent, call)) {
                ask_approval(agent, call, freeze, &decision);
                return;
        }
        if (!agent_can_record(agent, call))
                return;
        freezing = freezing_new(agent, call, make_record(agent, call, "thaw", &decision));
        if (freezing)
                append(freezing);
        else
                call_fail(call, "Busy", "out of memory");
}

int agent_thaw_is_possible(const struct agent *agent, const json_t *record)
{
        const json_t *freeze = frozen_get(agent->frozen, frozen_target(record));
        const char *since = json_member_string(record, "frozen");

        return freeze && since && string_equal(json_member_string(freeze, "time"), since);
}

/* Whether it is frozen as it was when the first operator asked. If not, @call has been answered. */
static int is_same_freeze(struct agent *agent, struct call *call, const json_t *asked)
{
        if (agent_thaw_is_possible(agent, asked))
                return 1;
        if (frozen_get(agent->frozen, frozen_target(asked)))
                call_fail(call, "WrongState",
                          "it was frozen again since then: whoever wants that thawed asks anew");
        else
                call_fail(call, "WrongState", "it is not frozen any more");
        return 0;
}

void agent_thaw_approved(struct agent *agent, const struct approval *approval)
{
        struct call *call = approval->call;
        char request[CALL_REQUEST_SIZE];
        struct freezing *freezing;
        json_t *record;

        if (is_busy(agent, frozen_target(approval->record))) {
                call_fail(call, "Busy", "it is being frozen or thawed right now");
                return;
        }
        if (!is_same_freeze(agent, call, approval->record))
                return;
        record = recorder_begin(&agent->recorder, "thaw");
        if (record) {
                _cleanup_(json_decrefp) json_t *approver = caller_to_json(call_caller(call));

                agent_set_operators(record, approval->record, approver,
                                    call_request(call, request));
                recorder_set(record, "key", json_member_string(approval->record, "key"));
                recorder_set(record, "reason", json_member_string(approval->record, "reason"));
        }
        freezing = freezing_new(agent, call, record);
        if (freezing)
                append(freezing);
        else
                call_fail(call, "Busy", "out of memory");
}

static void record_late(const json_t *freeze, int is_recorded, void *context)
{
        struct agent *agent = context;
        char time[RECORD_TIME_SIZE];
        struct freezing *freezing;
        json_t *copy;

        if (is_recorded || is_busy(agent, frozen_target(freeze)))
                return;
        copy = json_copy((json_t *)(uintptr_t)freeze);
        if (copy) {
                recorder_set(copy, "boot", agent->recorder.boot);
                recorder_set(copy, "time", record_time(recorder_now(), time));
        }
        freezing = freezing_new(agent, NULL, copy);
        if (freezing)
                append(freezing);
}

void agent_record_freezes(struct agent *agent)
{
        if (writer_state(agent->writer) == WRITER_OPEN)
                frozen_each(agent->frozen, record_late, agent);
}

static void add_to_list(const json_t *freeze, int is_recorded, void *context)
{
        (void)json_array_append_new(context, frozen_describe(freeze));
}

json_t *agent_frozen_to_json(const struct agent *agent)
{
        json_t *list = json_array();

        if (list)
                frozen_each(agent->frozen, add_to_list, list);
        return list;
}
