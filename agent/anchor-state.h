/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the parts of the anchor share. Private to agent/anchor*.c.
 *
 * anchor.c says when, and anchor-step.c goes from a look at the counter to the record of its next
 * step.
 */

#include "agent/anchor.h"

struct anchor {
        struct recorder *recorder;
        char *origin, *token, *hint;
        uint64_t interval_usec;
        uint64_t retry_usec; /* the last wait after a failure; 0: there was none since an anchor */
        struct anchor_events events;
        enum anchor_state state;
        struct problem reason;
        struct anchor_past past;   /* as the journal says, with what this run has recorded */
        struct anchor_past before; /* the last intent, which may not become durable */
        struct anchor_found found; /* as the token has said */
        int served;                /* there is an anchor of this run */
        int busy;                  /* something is under way: with the token, or its record */
        int closed;
        struct operation operation;
        uint64_t tree_size; /* that is being attested */
        uint64_t covered;   /* records up to the newest anchor's own */
        char time[RECORD_TIME_SIZE];
        sd_event_source *timer; /* the next one */
        struct anchor_acknowledgement acknowledgement;
        void (*finished)(void *context);
        void *finished_context;
        int last; /* the last one has been begun */
};

/* Where the counter is, whether that is right, and on from there: sets @busy until all is done. */
void anchor_look(struct anchor *anchor);

/* The next step, from where the counter is known to be. */
void anchor_advance(struct anchor *anchor);

/* The timer of the next one. */
void anchor_arm(struct anchor *anchor, uint64_t usec);

/* Nothing is under way any more. */
void anchor_rest(struct anchor *anchor);

/* A record of that type, with what all of them have. NULL without memory. */
json_t *anchor_begin_record(const struct anchor *anchor, const char *type, uint32_t index,
                            uint64_t counter);

/* Enters the state and tells of it. */
void anchor_set_state(struct anchor *anchor, enum anchor_state state, const char *reason);
