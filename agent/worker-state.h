/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the parts of a worker share. Private to agent/worker*.c.
 *
 * worker.c has the process, worker-flight.c hands frames to it and watches the clock,
 * worker-answer.c takes its answers.
 */

#include "agent/load.h"
#include "agent/worker.h"

#define RENEWALS_MAX 6                          /* the time between two of them doubles so often */
#define FLIGHTS_MAX  (WORKER_IN_FLIGHT_MAX + 2) /* a LOAD may join the operations */

/* A frame that was sent and is not answered yet. */
struct flight {
        enum frame_operation kind;
        uint64_t id;
        struct operation *operation; /* NULL for OPEN and LOAD */
        const struct token_key *key; /* LOAD */
};

struct worker {
        sd_event *event;
        const struct config_token *config;
        struct worker_events events;
        enum worker_state state;
        struct facts facts;
        int fd;
        sd_event_source *io, *child, *timer;
        uint64_t next_id;
        uint64_t busy_since_usec; /* when the process began with the oldest flight */
        uint64_t timer_usec;      /* what the timer is set to */
        int renew;                /* when it fires, and nothing is in flight: the process goes */
        struct problem renew_reason;
        unsigned renewals;   /* since a key was loaded */
        uint64_t renew_usec; /* no other one before */
        struct flight flights[FLIGHTS_MAX];
        size_t flight_count;
        struct load_table loads;
        struct buf frame;
        uint8_t *received;
};

/* The channel to the process is over, for whatever reason. */
void worker_down(struct worker *worker, int error, const struct problem *problem);

/* Begins the frame of the next request. */
struct buf *worker_begin_frame(struct worker *worker, enum frame_operation kind);

/* Sends the frame that has been put together, and notes that its answer is owed. -EBUSY: there is
 * no room for it now. */
int worker_send_flight(struct worker *worker, struct flight flight) _must_use_;

/* Sends the next key that is wanted, if there is one: one at a time, between operations. */
int worker_send_load(struct worker *worker) _must_use_;

/* The timer is left alone while it is early enough: it looks again when it fires, and costs nothing
 * per signature. */
int worker_arm_timer(struct worker *worker) _must_use_;

/* Has the process end soon, and not from within, if it has nothing to do: another one may do
 * better.
 */
void worker_renew(struct worker *worker, const struct problem *reason);

/* Whether the process must have loaded the operation's key. */
int operation_needs_key(const struct operation *operation) _must_use_;

/* Takes one frame of the process. Negative: the process must end. An answer out of order or
 * malformed is such a case: nothing it says is to be relied on. */
int worker_take_answer(struct worker *worker, struct view bytes,
                       struct problem *problem) _must_use_;
