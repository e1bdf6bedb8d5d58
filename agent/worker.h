/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * One driver process: started, spoken to over a SOCK_SEQPACKET pair, timed, killed, reaped.
 *
 * A worker knows nothing of queues or restarts: it reports to its token. Several operations are in
 * flight at once, so that the process never idles between two; it answers them in order.
 */

#include <systemd/sd-event.h>

#include "agent/token.h"

#define WORKER_IN_FLIGHT_MAX 4
#define WORKER_GENERATE_USEC                                                                       \
        ((uint64_t)90 * 1000000) /* a discrete TPM needs up to a minute for RSA */

enum worker_state {
        WORKER_DOWN,    /* no process */
        WORKER_OPENING, /* OPEN or the first LOADs are not answered yet */
        WORKER_READY,
};

struct worker;

/* What a worker tells its token. */
struct worker_events {
        /* Keys to be loaded before the worker counts as ready: NULL past the last. */
        const struct token_key *(*key_at)(struct worker *worker, size_t index, void *context);

        /* All keys are loaded: operations may come. */
        void (*ready)(struct worker *worker, const struct facts *facts, void *context);

        /* An operation was answered, or there is a key that was not loaded before: there may be
         * work to give. */
        void (*idle)(struct worker *worker, void *context);

        /* The process is gone. @error says why: -ENODEV, -EBUSY … from OPEN; -EACCES from whatever
         * needed the secret; -ETIME when it was killed for being late; -ECONNRESET when it died.
         * Operations in flight have failed already. */
        void (*lost)(struct worker *worker, int error, const struct problem *problem,
                     void *context);

        /* The token has refused something, and says how it is now: called before done() and lost().
         */
        void (*learned)(struct worker *worker, const struct facts *facts, void *context);

        /* The process has signed, and says what an audit needs: called before the operation's
         * done(). */
        void (*evidence)(struct worker *worker, struct operation *operation,
                         const struct operation_evidence *evidence, void *context);
        void *context;
};

/* Makes a worker without a process. */
int worker_new(sd_event *event, const struct config_token *config,
               const struct worker_events *events, struct worker **ret) _must_use_;
struct worker *worker_free(struct worker *worker);
DEFINE_CLEANUP(struct worker *, worker_free)

/* Starts the program, with a descriptor of pin_turn_new(), and sends OPEN, with DRIVER_FINAL_TRY if
 * @final_try. */
int worker_start(struct worker *worker, const char *program, int pin_fd, int final_try,
                 struct problem *problem) _must_use_;

/* Ends the process, if there is one: what it has in hand fails as if it had died. */
void worker_end(struct worker *worker, const struct problem *reason);

/* Has the process load a key that key_at() did not name at its start. */
void worker_add_key(struct worker *worker, const struct token_key *key);

/* Whether an operation can be given to the process now: it is ready, has room, and for SIGN has the
 * key. */
int worker_can_take(const struct worker *worker, const struct operation *operation);

/* Why the process could not load the key of @operation: 0 when it has, has not tried yet, or tries
 * once more because somebody wants the key. */
int worker_key_error(struct worker *worker, const struct operation *operation,
                     struct problem *ret) _must_use_;

/* Hands the operation over. Negative: it was not sent (and is still the caller's). */
int worker_submit(struct worker *worker, struct operation *operation) _must_use_;

enum worker_state worker_state(const struct worker *worker);
unsigned worker_in_flight(const struct worker *worker);
