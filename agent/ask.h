/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A call that a grant allows if somebody else does, too: it is put aside, others are worked on, and
 * when the answer is there its method is begun again. The grants are looked at again then, as they
 * may have changed.
 *
 * And what a call has been counted for: once by each grant, however often its method is begun, and
 * for however many keys and methods it needs that grant.
 */

#include "agent/agent.h"
#include "agent/decision.h"

#define ASKED_METHOD_SIZE 32

/* What is known of a call that was, or is, asked about; more than once, when it needs more than one
 * grant. */
struct asked {
        struct asked *next;
        struct agent *agent;
        struct call *call;
        char method[ASKED_METHOD_SIZE], key[KEY_NAME_MAX + 1]; /* that it is granted as */
        char grant[KEY_NAME_MAX + 1];                          /* that allows it */
        char socket[108], path[CONFIG_DECISION_PATH_MAX + 1];
        char decision[GRANT_DECISION_SIZE]; /* once allowed: as in records; empty before that */
};

/* Makes sure that somebody can be asked, if @config wants it. */
int agent_set_up_decisions(struct agent *agent, const struct config *config,
                           struct problem *problem) _must_use_;

struct charge {
        struct charge *next;
        char grant[KEY_NAME_MAX + 1];
};

/* Whether the call has been counted by that grant. */
int agent_was_charged(const struct call *call, const struct config_grant *grant);

/* It has been, if the grant counts. Without memory that is forgotten: at worst it counts again. */
void agent_note_charge(struct call *call, const struct config_grant *grant);

/* Whether two decisions are by the same grant, and leave the rest to the same other. */
int agent_is_same_rule(const struct grant_decision *a, const struct grant_decision *b);

/* @decision is that of the grants. 1: nobody is to be asked, or it is allowed, and the decision
 * says by whom; 0: the call waits, or has been answered. */
int agent_ask(struct agent *agent, struct call *call, const struct grant_request *request,
              struct grant_decision *decision);
