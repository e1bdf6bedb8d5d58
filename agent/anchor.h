/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The anchor of the journal: compares the counter of a token with the journal when the agent
 * starts, and has it count and attest once in each interval and at the end.
 *
 * Nothing is signed before that comparison has come out well and the first anchor of this run is
 * durable. Later on the token may be away: signatures go on, anchors come when it is back.
 */

#include <systemd/sd-event.h>

#include "agent/anchor-past.h"
#include "agent/recorder.h"
#include "agent/token.h"

enum anchor_state {
        ANCHOR_CHECKING, /* the token has not said yet where its counter is, or the first anchor of
                            this run is being made */
        ANCHOR_UNSUPPORTED, /* the token has no such counters */
        ANCHOR_GOOD,
        ANCHOR_FAILING,     /* the newest anchor is not there, and is tried for again */
        ANCHOR_ROLLED_BACK, /* the counter is not where the journal has left it */
};

struct anchor;

struct anchor_events {
        /* NULL: not there now. */
        struct token *(*find_token)(void *context);

        /* The state is another one now, or has another reason. */
        void (*changed)(void *context);
        void *context;
};

struct anchor_options {
        struct recorder *recorder;
        const char *origin, *token; /* names */
        const char *path;           /* of the journal's folder */
        const char *hint;           /* of a file, see agent/anchor-past.h */
        uint64_t interval_usec;
        struct anchor_events events;
};

/* Reads the journal. */
int anchor_new(sd_event *event, const struct anchor_options *options, struct anchor **ret,
               struct problem *problem) _must_use_;

/* Begins nothing any more: the tokens are about to go. Takes NULL. */
void anchor_close(struct anchor *anchor);

/* After the token, and after what it has recorded is durable. */
struct anchor *anchor_free(struct anchor *anchor);
DEFINE_CLEANUP(struct anchor *, anchor_free)

void anchor_set_interval(struct anchor *anchor, uint64_t usec);

/* The durable record at @index calls for no anchor of its own: it is of what was done with the
 * checkpoint that an anchor calls for, and each would make another, for ever. */
void anchor_overlook(struct anchor *anchor, uint64_t index);

/* The token has become ready. */
void anchor_begin(struct anchor *anchor);

/* Makes a last anchor, if there is anything new and the token can; then calls @done, perhaps from
 * within. */
void anchor_finish(struct anchor *anchor, void (*done)(void *context), void *context);

/* Who has the agent go on although the counter is not where it should be. */
struct anchor_acknowledgement {
        json_t *caller; /* borrowed */
        const char *grant, *request, *reason;
        /* Called once: @error as of writer_function. */
        void (*done)(void *context, int error);
        void *context;
};

/* Records it and begins anew. -EINVAL: the state is not ROLLED_BACK, or it is being acknowledged
 * already; -ENOMEM, -ENOSPC, -EROFS. */
int anchor_acknowledge(struct anchor *anchor, const struct anchor_acknowledgement *said) _must_use_;

/* Whether a signature may be made. */
int anchor_is_served(const struct anchor *anchor);
enum anchor_state anchor_state(const struct anchor *anchor);
const char *anchor_state_name(enum anchor_state state);

/* Why the state is not GOOD; empty when it is, or nothing is known yet. */
const char *anchor_reason(const struct anchor *anchor);

/* For people: a new reference, as the member `anchor` of Status. */
json_t *anchor_to_json(const struct anchor *anchor);
