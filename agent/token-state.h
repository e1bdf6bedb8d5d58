/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the parts of a token share. Private to agent/token*.c.
 *
 * token.c has the queue, token-seat.c starts the processes and says what becomes of the token with
 * them.
 */

#include "agent/token.h"
#include "agent/worker.h"

/* A place for a process, and when the next one may be started in it. */
struct seat {
        struct token *token;
        struct worker *worker;
        sd_event_source *restart;
        uint64_t ready_usec; /* when the last process became ready; 0: it never did */
        uint64_t backoff_usec;
};

struct token {
        sd_event *event;
        const struct config_token *config;
        char *program;
        struct token_events events;
        enum token_state state;
        struct problem reason;
        int refused; /* why no process may be started before somebody says so: -EACCES, -EBUSY */
        struct problem refusal;
        int ending;    /* all its processes are: none is given anything */
        int final_try; /* the next process may spend the last try */
        int pin_fd;    /* lib/pin-turn.h: of all its processes */
        struct facts facts;
        struct seat *seats;
        unsigned restarts;
        struct operation_queue queue;
        struct operation_queue rejected; /* to be failed from the loop */
        sd_event_source *reject, *expiry;
        struct problem held; /* why no signature is to be made now; empty: none is held back */
};

/* Enters the state and tells of it. */
void token_set_state(struct token *token, enum token_state state, const struct problem *reason);

/* Gives waiting operations to processes, oldest first; one whose key is still being loaded lets
 * others pass. */
void token_dispatch(struct token *token);

/* Answers all that are in the queue with that error. */
void token_fail_all(struct token *token, struct operation_queue *queue, int error);

/* Makes the seats of the token, without processes; the first is to be started from the loop, once
 * the caller knows the token. */
int token_make_seats(struct token *token) _must_use_;
