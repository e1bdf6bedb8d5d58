/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A token and the driver processes (agent/worker.h) that serve it: one queue, bounded waiting,
 * restarts.
 *
 * An operation is answered exactly once, in bounded time. One that no process has been given yet
 * survives the loss of a process and goes to the next; one that was handed over fails with it,
 * because the token may have acted.
 */

#include <systemd/sd-event.h>

#include "agent/config.h"
#include "lib/anchor.h"
#include "lib/frame.h"

#define TOKEN_QUEUE_MAX 4096 /* operations that wait */

enum token_state {
        TOKEN_STARTING,
        TOKEN_READY,
        TOKEN_BACKING_OFF,
        TOKEN_WRONG_PIN,  /* until told otherwise: a PIN is never tried twice */
        TOKEN_LOCKED_OUT, /* likewise */
};

struct token;
struct worker;

/* A private key as the token knows it. Owned by the key store; lives as long as any operation on
 * it. */
struct token_key {
        const struct algorithm *algorithm;
        char *handle;
        struct pubkey *pubkey;
        uint64_t serial; /* names it among all keys of this run of the agent; never 0, never used
                            again */
};

/* What a token that is audited says of a signature, besides the signature (lib/command-audit.h). */
struct operation_evidence {
        struct view signature, name, response;
};

struct evidence_question;

/* One request to a token and its answer. */
struct operation {
        enum frame_operation kind;         /* FRAME_GENERATE, _SIGN, _DESTROY, _COUNT, _AUDIT,
                                              _ANCHOR, _ATTEST, _MEASURE or _PROBE */
        const struct token_key *key;       /* SIGN, DESTROY, COUNT, ATTEST */
        const struct algorithm *algorithm; /* GENERATE */
        const char *label;                 /* GENERATE; borrowed until done() */
        struct view outside;               /* GENERATE; likewise */
        const struct facts *options;       /* GENERATE; likewise */
        uint8_t digest[64];                /* SIGN: as many bytes as the key's algorithm wants;
                                              AUDIT, ANCHOR, COUNT: SHA256_SIZE bytes to be
                                              attested */
        struct {
                enum anchor_step step;
                uint32_t index;
                const char *origin; /* borrowed until done() */
        } anchor;                   /* ANCHOR */
        uint64_t checkpoint;        /* SIGN: the size of the tree, when it is for a checkpoint */
        int recorded;               /* SIGN: audit_resolve() or audit_give_up() will be called */
        int attest;                 /* AUDIT: an attestation, not only a look */
        uint64_t audit_entry;       /* set by audit_note() */
        const struct evidence_question *question; /* ATTEST; borrowed until done() */
        struct view message;       /* SIGN with an algorithm that signs messages: what it signs;
                                      borrowed until done() */
        struct view authorization; /* SIGN: a witness's; empty: none; borrowed until done() */

        /* Asked when a process is about to be given it. 0: it is not wanted any more, and done()
         * with -ECANCELED. NULL: it is. */
        int (*is_wanted)(const struct operation *operation);

        /* Called once. @error: 0; -ENODEV: no process could be given it (nothing happened); -ETIME,
         * -ECONNRESET: it was handed over and never answered (a signature may exist); -EAGAIN:
         * the queue is full; -ECANCELED: as is_wanted() said (nothing happened); else as enum
         * frame_status says. On success
         * @answer holds the fields of the frame. */
        void (*done)(struct operation *operation, int error, struct view answer,
                     const struct problem *problem);
        void *context;

        /* The token's own: */
        struct operation *next;
        uint64_t id;
        uint64_t deadline_usec;
};

/* Has a SIGN sign @message, which is borrowed until done(): its digest, or, where the key's
 * algorithm signs messages, itself. -ENOMEM. */
int operation_sign_message(struct operation *operation, struct view message) _must_use_;

/* What is signed, the digest or the message. */
struct view operation_signed(const struct operation *operation);

/* A list of operations, first in first out. */
struct operation_queue {
        struct operation *first, **end;
        size_t count;
};

void operation_queue_init(struct operation_queue *queue);
void operation_queue_push(struct operation_queue *queue, struct operation *operation);
void operation_queue_unshift(struct operation_queue *queue, struct operation *operation);
struct operation *operation_queue_pop(struct operation_queue *queue);
void operation_queue_remove(struct operation_queue *queue, struct operation *operation);

struct token_events {
        void (*state_changed)(struct token *token, void *context);
        /* A process was lost, -ETIME: because it was late. The token may be ready all the same. May
         * be NULL. */
        void (*process_lost)(struct token *token, int error, const struct problem *problem,
                             void *context);
        /* The token has signed: called before done(). May be NULL. */
        void (*evidence)(struct token *token, struct operation *operation,
                         const struct operation_evidence *evidence, void *context);
        /* What token_facts() says is another than before. The state is as it was, or will be told
         * next. May be NULL. */
        void (*learned)(struct token *token, void *context);
        /* Keys that each process loads before it counts as ready: entry @index, NULL past the last.
         */
        const struct token_key *(*key_at)(struct token *token, size_t index, void *context);
        void *context;
};

/* Starts the processes. @drivers is a colon-separated list of folders in which the program is
 * looked for. */
int token_new(sd_event *event, const struct config_token *config, const char *drivers,
              const struct token_events *events, struct token **ret,
              struct problem *problem) _must_use_;

/* Kills the processes and fails what waits. */
struct token *token_free(struct token *token);
DEFINE_CLEANUP(struct token *, token_free)

/* Takes the operation; done() is called later, never from within. */
void token_submit(struct token *token, struct operation *operation);

/* The same, before all that waits. */
void token_submit_first(struct token *token, struct operation *operation);

/* From now on no process is given a signature to make: they wait, and those who wait for too long
 * are told @reason. Other operations go on. */
void token_hold(struct token *token, const char *reason);

/* Undoes that. */
void token_release(struct token *token);

/* Why signatures are held; empty when they are not. */
const char *token_held(const struct token *token);

/* Loads a key that has come into being. Processes that come up later ask key_at(). */
void token_add_key(struct token *token, const struct token_key *key);

/* Nothing more is tried, from the start: @error (-EACCES: wrong PIN; -EBUSY: locked out) and the
 * reason are of an earlier run. For a token that is new. */
void token_refuse(struct token *token, int error, const struct problem *reason);

/* Whether it refused its PIN, or is locked out: it may be ready all the same, with the processes
 * that came before. */
int token_has_refused(const struct token *token);

/* Lets a token that backs off try again now; and one that refused its PIN, if @told that the PIN is
 * right: once, even if it is the last try that the token allows. */
void token_retry(struct token *token, int told);

/* The token has said more of itself: what is new takes the place of what was known. */
void token_learn(struct token *token, const struct facts *facts);

const char *token_name(const struct token *token);
const char *token_driver(const struct token *token);
enum token_state token_state(const struct token *token);
const char *token_state_name(enum token_state state);

/* Why it is not ready; empty when it is. */
const char *token_reason(const struct token *token);

struct token_figures {
        unsigned workers, ready, queued, in_flight, restarts;
};

struct token_figures token_figures(const struct token *token);

/* What the hardware said of itself when it was last opened. */
const struct facts *token_facts(const struct token *token);
