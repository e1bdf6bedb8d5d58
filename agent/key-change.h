/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The end of a version on its way: hold the key, destroy it in its token if that is wanted, record,
 * write, reply. Private to agent/key-*.c.
 */

#include "agent/key-request.h"

/* A verb: from which states it leads to which. */
struct change_kind {
        const char *method, *record;
        unsigned from; /* bits of 1 << enum key_state */
        enum key_state to;
        int needs_reason, needs_token;
};

struct change {
        struct agent *agent;
        struct call *call;
        struct key *key;
        const struct change_kind *kind;
        struct operation operation;
        struct grant_decision decision;
        json_t *caller;
        json_t *pending; /* what the first of two operators asked for; or NULL */
        char request[CALL_REQUEST_SIZE], id[KEY_ID_SIZE];
        char reason[KEY_REASON_MAX + 1];
        char time[RECORD_TIME_SIZE];    /* of the record */
        char revoked[RECORD_TIME_SIZE]; /* from when on it is not believed */
        struct change *next;
};

/* The kind that a record type belongs to, or NULL. */
const struct change_kind *change_kind_find(struct view record_type);

/* What a change of that kind at that time does to a key. Empty strings: unknown. */
int change_apply(struct agent *agent, struct key *key, const struct change_kind *kind,
                 const struct change *facts, struct problem *problem) _must_use_;

/* The journal has it, and the folder of keys does not take it: the agent ends, and makes it true
 * when it starts again. */
void agent_fail_storage(struct agent *agent, const char *what, int error,
                        const struct problem *problem);
