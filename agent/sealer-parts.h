/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a sealer is made of. sealer.c decides when there is a checkpoint and publishes it,
 * sealer-sign.c has it signed, sealer-wait.c keeps those who wait for one. Private to
 * agent/sealer*.c.
 */

#include "agent/recorder.h"
#include "agent/sealer.h"
#include "lib/checkpoint.h"

/* One of the signatures of the checkpoint that is pending. */
struct sealer_signature {
        struct operation operation;
        struct key *key;
        struct buf value; /* once it is there, and good */
        int error;
        struct problem problem;
};

struct sealer {
        struct writer *writer;
        char *origin;
        struct sealer_events events;
        uint64_t interval_usec;
        sd_event_source *timer; /* the next checkpoint is to be published */
        sd_event_source *soon;  /* somebody has begun to wait */
        struct sealer_waiter *waiters, **waiters_end;
        unsigned pending; /* signatures that are being made */
        int due;          /* something is to be published */
        int publishing;   /* what is pending will be */
        struct sealer_signature primary, second;
        struct checkpoint checkpoint; /* being signed */
        struct buf text;              /* its three lines */
        struct checkpoint newest;     /* signed by this agent */
        struct buf note;              /* of it; empty before the first */
        uint64_t count;
        uint64_t size;                       /* of the published one */
        uint64_t overlooked, overlooked_end; /* the newest run of records that call for none */
        char time[RECORD_TIME_SIZE];
        struct problem reason, second_reason;
        struct problem held; /* why nothing is to be signed; empty: it is */
        void (*finished)(void *context);
        void *finished_context;
};

/* Has the tokens sign the head; what it covers has been read back. sealer_take_checkpoint() follows
 * later, in bounded time. -ENOMEM. */
int sealer_submit(struct sealer *sealer, struct token *token) _must_use_;

/* What was pending has become the newest checkpoint, or why not. */
void sealer_take_checkpoint(struct sealer *sealer, int error, const struct problem *reason);

/* Finds the primary log key, and its token. -ENOKEY. */
int sealer_find_key(struct sealer *sealer, struct token **ret_token,
                    struct problem *problem) _must_use_;

/* -ENODEV, with the state of the token in words. */
int sealer_refuse_token(const struct token *token, struct problem *problem);

/* Those who wait for at most @size records wait no longer: a list of them. */
struct sealer_waiter *sealer_take_waiters(struct sealer *sealer, uint64_t size);

/* Each of the list is told what is signed, or the error. */
void sealer_answer(const struct sealer *sealer, struct sealer_waiter *taken, int error,
                   const struct problem *problem);
