/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/approve.h"

#include <stdio.h>

#include "agent/event.h"
#include "agent/freeze.h"
#include "agent/key-change.h"
#include "agent/message.h"

/* What one operator has asked for, on its way into the journal. */
struct asking {
        struct agent *agent;
        struct call *calls; /* that have asked for it: more than one, if in the meantime */
        json_t *record;
        struct asking *next;
};

int agent_needs_approval(const struct agent *agent, const struct call *call)
{
        const struct words *methods = &agent->config->two_person;

        for (size_t i = 0; i < methods->count; i++)
                if (string_equal(methods->word[i], call->method->name))
                        return 1;
        return 0;
}

json_t *agent_pending_record(struct agent *agent, struct call *call,
                             const struct grant_decision *decision)
{
        json_t *record = recorder_begin(&agent->recorder, "pending");
        char id[PENDING_ID_SIZE], until[RECORD_TIME_SIZE], request[CALL_REQUEST_SIZE];

        if (!record || pending_new_id(id) < 0) {
                json_decref(record);
                return NULL;
        }
        recorder_set(record, "approval", id);
        (void)json_object_set_new(record, "caller", caller_to_json(call_caller(call)));
        recorder_set(record, "decision", grant_decision_text(decision));
        recorder_set(record, "grant", decision->grant);
        recorder_set(record, "id", json_member_string(call->message.parameters, "id"));
        recorder_set(record, "method", call->method->name);
        recorder_set(record, "request", call_request(call, request));
        recorder_set(record, "until",
                     record_time(recorder_now() + agent->config->window_usec, until));
        return record;
}

static json_int_t uid_of(const json_t *record)
{
        return json_member_integer(json_object_get(record, "caller"), "uid", -1);
}

static int is_expired(const json_t *record)
{
        char now[RECORD_TIME_SIZE];

        return strcmp(json_member_string(record, "until"), record_time(recorder_now(), now)) < 0;
}

int agent_is_pending(const struct agent *agent, const json_t *record)
{
        if (is_expired(record))
                return 0;
        return string_equal(json_member_string(record, "method"), "Thaw")
                       ? agent_thaw_is_possible(agent, record)
                       : agent_change_is_possible(agent, record);
}

static int is_same_text(const json_t *a, const json_t *b, const char *name)
{
        const char *x = json_member_string(a, name), *y = json_member_string(b, name);

        return x && y ? string_equal(x, y) : !x && !y;
}

static int is_same(const json_t *a, const json_t *b)
{
        static const char *const names[] = {"fingerprint", "frozen", "id",     "key",
                                            "method",      "reason", "revoked"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (!is_same_text(a, b, names[i]))
                        return 0;
        return uid_of(a) == uid_of(b);
}

struct search {
        const struct agent *agent;
        const json_t *wanted, *found, *conflict;
};

/* The same request once more, or another one with the id of one that is pending. */
static int look(const json_t *record, void *context)
{
        struct search *search = context;
        const char *id = json_member_string(search->wanted, "id");

        if (!agent_is_pending(search->agent, record))
                return 0;
        if (is_same(record, search->wanted))
                search->found = record;
        else if (id && is_same_text(record, search->wanted, "id"))
                search->conflict = record;
        return search->found != NULL;
}

static void say_pending(struct call *call, const json_t *record)
{
        const char *id = json_member_string(record, "approval");
        const char *until = json_member_string(record, "until");
        struct problem reason = {};
        char name[128];

        (void)problem_set(&reason, 0,
                          "a second operator has to approve it until %s: hallmark approve %s",
                          until, id);
        (void)snprintf(name, sizeof(name), "%s.ApprovalNeeded", call->interface->name);
        call_error(call, name,
                   json_pack("{s:s, s:s, s:s}", "approval", id, "reason", reason.text, "until",
                             until));
}

static void asking_free(struct asking *asking)
{
        struct agent *agent = asking->agent;
        struct asking **link = &agent->askings;

        while (*link != asking)
                link = &(*link)->next;
        *link = asking->next;
        json_decref(asking->record);
        free(asking);
        agent_progress_ended(agent);
}

/* One of the calls that wait for it, or NULL. */
static struct call *take_call(struct asking *asking)
{
        struct call *call = asking->calls;

        if (call) {
                asking->calls = call->parked;
                call->parked = NULL;
        }
        return call;
}

static void on_recorded(void *context, int error, uint64_t index)
{
        struct asking *asking = context;
        struct problem problem = {};
        struct call *call;
        int r = error;

        if (error == 0)
                r = agent_add_pending(asking->agent, asking->record, &problem);
        if (error == 0 && r < 0)
                agent_fail_storage(asking->agent, "a request that is pending", r, &problem);
        if (r == 0)
                event_log(LOG_NOTICE, MESSAGE_APPROVAL_WANTED,
                          "%s by user %lld is pending: hallmark approve %s",
                          json_member_string(asking->record, "method"),
                          (long long)uid_of(asking->record),
                          json_member_string(asking->record, "approval"));
        while ((call = take_call(asking)))
                if (error < 0)
                        agent_fail_journal(asking->agent, call, error);
                else if (r < 0)
                        call_fail(call, "StorageFailed", "%s", problem_text(&problem, r));
                else
                        say_pending(call, asking->record);
        asking_free(asking);
}

struct list {
        const struct agent *agent;
        json_t *found;
        size_t count;
};

static int count(const json_t *record, void *context)
{
        struct list *list = context;

        list->count += (size_t)agent_is_pending(list->agent, record);
        return 0;
}

/* Takes over @record. */
static void append(struct agent *agent, struct call *call, json_t *record)
{
        struct asking *asking = malloc(sizeof(*asking));
        int r;

        if (!asking) {
                json_decref(record);
                call_fail(call, "Busy", "out of memory");
                return;
        }
        *asking = (struct asking){agent, call, record, agent->askings};
        agent->askings = asking;
        agent->in_progress++;
        r = recorder_append(&agent->recorder, json_incref(record), on_recorded, asking);
        if (r < 0)
                on_recorded(asking, r, 0);
}

/* The same request on its way, or NULL; and in @search, another one with its id. */
static struct asking *find_coming(const struct agent *agent, struct search *search,
                                  size_t *ret_count)
{
        *ret_count = 0;
        for (struct asking *asking = agent->askings; asking; asking = asking->next, ++*ret_count)
                if (look(asking->record, search))
                        return asking;
        return NULL;
}

/* It is answered with the others. */
static void join(struct asking *asking, struct call *call)
{
        call->parked = asking->calls;
        asking->calls = call;
}

/* What is new, if there is room for it beside the @present ones. */
static void ask(struct agent *agent, struct call *call, json_t *record, size_t present)
{
        if (present >= PENDING_MAX)
                call_fail(call, "Busy", "%zu requests wait to be approved already", present);
        else if (agent_can_record(agent, call))
                append(agent, call, json_incref(record));
}

void agent_ask_approval(struct agent *agent, struct call *call, json_t *record)
{
        struct search search = {.agent = agent, .wanted = record};
        struct list present = {.agent = agent};
        size_t coming = 0;
        struct asking *same;

        if (!record) {
                call_fail(call, "Busy", "out of memory");
                return;
        }
        same = find_coming(agent, &search, &coming);
        (void)pending_each(agent->pending, look, &search);
        (void)pending_each(agent->pending, count, &present);
        if (same)
                join(same, call);
        else if (search.found)
                say_pending(call, search.found);
        else if (search.conflict)
                call_fail(call, "IdUsed", "request \"%s\" is pending, for something else",
                          json_member_string(record, "id"));
        else
                ask(agent, call, record, present.count + coming);
        json_decref(record);
}

void agent_set_operators(json_t *record, const json_t *pending, json_t *approver,
                         const char *request)
{
        static const char *const names[] = {"approval", "decision", "grant", "id"};

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                recorder_set(record, names[i], json_member_string(pending, names[i]));
        (void)json_object_set(record, "caller", json_object_get(pending, "caller"));
        recorder_set(record, "request", request);
        /* Without memory for who approved it this is no record, and recorder_append() says so. */
        if (json_object_set(record, "approver", approver) < 0)
                (void)json_object_del(record, "time");
}

void agent_approval_done(struct agent *agent, const char *id)
{
        struct problem problem = {};
        int r;

        pending_remove(agent->pending, id);
        r = pending_save(agent->pending, &problem);
        if (r < 0)
                agent_fail_storage(agent, "an approval", r, &problem);
}

static json_t *describe(const json_t *record)
{
        char digest[HEX_SIZE(SHA256_SIZE)];
        json_t *object;

        if (pending_digest(record, digest) < 0)
                return NULL;
        object = json_pack(
                "{s:s, s:s, s:s*, s:s, s:s*, s:s*, s:s, s:I, s:s}", "approval",
                json_member_string(record, "approval"), "digest", digest, "key",
                json_member_string(record, "key"), "method", json_member_string(record, "method"),
                "reason", json_member_string(record, "reason"), "revoked",
                json_member_string(record, "revoked"), "time", json_member_string(record, "time"),
                "uid", uid_of(record), "until", json_member_string(record, "until"));
        if (object && json_object_get(record, "version"))
                (void)json_object_set(object, "version", json_object_get(record, "version"));
        return object;
}

static int add_to_list(const json_t *record, void *context)
{
        struct list *list = context;

        if (agent_is_pending(list->agent, record))
                (void)json_array_append_new(list->found, describe(record));
        return 0;
}

void agent_list_pending(struct agent *agent, struct call *call)
{
        struct list list = {.agent = agent, .found = json_array()};

        (void)pending_each(agent->pending, add_to_list, &list);
        call_reply(call, json_pack("{s:o}", "pending", list.found));
}

/* Whether this caller may approve it. If not, @call has been answered. */
static int may_approve(struct agent *agent, struct call *call, const json_t *record)
{
        const char *expected = json_member_string(call->message.parameters, "digest");
        char digest[HEX_SIZE(SHA256_SIZE)] = "";

        if (is_expired(record)) {
                call_fail(call, "ApprovalExpired", "it had to be approved until %s",
                          json_member_string(record, "until"));
                return 0;
        }
        if (uid_of(record) == (json_int_t)call_caller(call)->uid) {
                call_fail(call, "SameOperator",
                          "user %u has asked for it, and another has to approve",
                          (unsigned)call_caller(call)->uid);
                return 0;
        }
        if (pending_digest(record, digest) < 0 || !string_equal(digest, expected)) {
                call_fail(call, "ApprovalMismatch",
                          "what is pending has the digest %s, approved was \"%.64s\"", digest,
                          expected);
                return 0;
        }
        return agent_can_record(agent, call);
}

static void fail_unknown(struct call *call, const char *id)
{
        call_fail(call, "NoSuchApproval", "nothing is pending as \"%.64s\"", id);
}

/* @record stays, whatever becomes of the request. */
static void approve(struct agent *agent, struct call *call, const json_t *record)
{
        const char *id = json_member_string(record, "approval");
        const struct approval approval = {.record = record, .call = call};
        int is_thaw = string_equal(json_member_string(record, "method"), "Thaw");
        struct grant_decision decision = {};

        if (!is_thaw && agent_wait_for_anchor(agent, call))
                return; /* it comes again */
        if (!agent_granted(agent, call, frozen_target(record), &decision) ||
            !may_approve(agent, call, record))
                return;
        /* The journal may have been written just now, and with it what was approved before. */
        if (pending_get(agent->pending, id) != record)
                fail_unknown(call, id);
        else if (is_thaw)
                agent_thaw_approved(agent, &approval);
        else
                agent_change_approved(agent, &approval);
}

void agent_approve(struct agent *agent, struct call *call)
{
        const char *id = json_member_string(call->message.parameters, "approval");
        _cleanup_(json_decrefp) json_t *record =
                json_incref((json_t *)(uintptr_t)pending_get(agent->pending, id));

        if (record)
                approve(agent, call, record);
        else
                fail_unknown(call, id);
}
