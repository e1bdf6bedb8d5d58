/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Two operators: what the configuration does not let one do alone is recorded as pending when the
 * first asks for it, and done when a second, of another user, approves it in time.
 */

#include "agent/key-request.h"
#include "agent/pending.h"

/* A change that a second operator has approved: @record is that of the first. */
struct approval {
        const json_t *record;
        struct call *call; /* the second's */
};

/* Reads what is pending. approve-recover.c, as the next two. */
int agent_open_pending(struct agent *agent, struct problem *problem) _must_use_;

/* Makes true what that record of the journal says of it: at the start, in order. */
int agent_recover_pending(struct agent *agent, struct view entry,
                          struct problem *problem) _must_use_;

/* That record (borrowed) of the journal is pending from now on. Errors as pending_add() and
 * pending_save(). */
int agent_add_pending(struct agent *agent, const json_t *record,
                      struct problem *problem) _must_use_;

/* Whether that record of what was pending can still be approved: its time is not over, and what it
 * asks for is not done by others. */
int agent_is_pending(const struct agent *agent, const json_t *record);

/* Whether the method needs a second operator. */
int agent_needs_approval(const struct agent *agent, const struct call *call);

/* Takes over the reference to @record, a `pending` record with all that the change is to be, made
 * by agent_pending_record(): it becomes pending, and @call is told so. */
void agent_ask_approval(struct agent *agent, struct call *call, json_t *record);

/* A record of what @call asks for: complete but for what it is about. NULL without memory. */
json_t *agent_pending_record(struct agent *agent, struct call *call,
                             const struct grant_decision *decision) _must_use_;

/* Sets what the record of a change has of both operators: @approver as of caller_to_json(), and the
 * name of his request. The journal is not told of the first's request again. */
void agent_set_operators(json_t *record, const json_t *pending, json_t *approver,
                         const char *request);

/* It has been done: nothing is pending any more. The journal says so already, so a failure is
 * logged, and put right at the next start. */
void agent_approval_done(struct agent *agent, const char *id);

/* key-change.c and freeze.c: do what a second operator has approved, and answer his call. */
void agent_change_approved(struct agent *agent, const struct approval *approval);
void agent_thaw_approved(struct agent *agent, const struct approval *approval);

/* Likewise: whether things are still such that it could be done. */
int agent_change_is_possible(const struct agent *agent, const json_t *record);
int agent_thaw_is_possible(const struct agent *agent, const json_t *record);

void agent_approve(struct agent *agent, struct call *call);
void agent_list_pending(struct agent *agent, struct call *call);
