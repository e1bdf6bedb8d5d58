/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Checkpoints: when, signed by the log key, handed out and published.
 *
 * There are two occasions, and never two signatures at a time. Once something is new, a checkpoint
 * is published within the interval. And as long as somebody waits for one (sealer_wait()), the
 * durable head is signed as soon as the last signature is there: what arrives while the token signs
 * is for the next one, so a slow token is never idle and each of its signatures covers all it can.
 * Such a checkpoint is handed to those who wait and costs no files. When both fall together, one
 * signature serves both.
 *
 * Where there is a second log key, its token signs at the same time, and the checkpoint has both
 * signatures. It is waited for no longer than an operation of its token may take; when that token
 * is away, there is one signature.
 *
 * What a checkpoint covers has been read back and hashed again before it is signed: from the
 * write-ahead file, and from tiles and bundles as well before it is published. The tree only grows,
 * so no checkpoint contradicts an earlier one. When the log key's token is away, checkpoints wait
 * and signing goes on; whoever waits for one is told.
 */

#include "agent/keystore.h"
#include "agent/token.h"
#include "agent/writer.h"

struct sealer;

struct sealer_events {
        /* The active log key and its token; 0 when either is missing. */
        int (*find_key)(struct key **ret_key, struct token **ret_token, void *context);

        /* The second log key and its token, which is NULL when it is not configured; 0: there is
         * none, or none yet. May be NULL. */
        int (*find_second)(struct key **ret_key, struct token **ret_token, void *context);

        /* A checkpoint failed, with the reason, or works again (NULL). Called on changes only. */
        void (*changed)(const char *reason, void *context);

        /* The same of the second signature: without it there is a checkpoint all the same. May be
         * NULL. */
        void (*second_changed)(const char *reason, void *context);

        /* A checkpoint has been published: the signed note. May be NULL. */
        void (*published)(struct view note, void *context);
        void *context;
};

/* @sealed is how many records the published checkpoint covers. */
int sealer_new(sd_event *event, struct writer *writer, const char *origin, uint64_t sealed,
               const struct sealer_events *events, struct sealer **ret) _must_use_;
struct sealer *sealer_free(struct sealer *sealer);
DEFINE_CLEANUP(struct sealer *, sealer_free)

void sealer_set_interval(struct sealer *sealer, uint64_t usec);

/* From now on nothing is signed: whoever waits, or asks, is told @reason. Undone by the other one.
 */
void sealer_hold(struct sealer *sealer, const char *reason);
void sealer_release(struct sealer *sealer);

/* There are new durable records, or the log key's token may have come back. */
void sealer_notice(struct sealer *sealer);

/* The durable record at @index calls for no checkpoint of its own; the next one covers it. For
 * records of what was done with a checkpoint: each would make another, for ever. */
void sealer_overlook(struct sealer *sealer, uint64_t index);

/* A signed checkpoint. The note is borrowed, and @name of its signature is the origin. */
struct sealed {
        struct checkpoint checkpoint;
        struct view note; /* verbatim */
};

/* Somebody who waits for a checkpoint. The caller owns it, until done() is called. */
struct sealer_waiter {
        uint64_t size; /* so many records are to be covered; they are durable */

        /* Called once, never from within sealer_wait(). @error: 0, and @sealed covers @size,
         * perhaps with more; else there is none in bounded time, with the reason: -ENOKEY (no log
         * key yet); an error of the token as in struct operation; -EROFS: journal sealed; -EIO,
         * -ENOMEM. May call sealer_wait(). */
        void (*done)(struct sealer_waiter *waiter, int error, const struct sealed *sealed,
                     const struct problem *problem);
        void *context;
        struct sealer_waiter *next;
};

void sealer_wait(struct sealer *sealer, struct sealer_waiter *waiter);

/* Whether waiting is of any use now. -ENOKEY: there is no log key yet; -ENODEV: its token is away,
 * and not just starting. */
int sealer_check(struct sealer *sealer, struct problem *problem) _must_use_;

/* Makes a last checkpoint at once; @done is called when it is published, or cannot be. */
void sealer_finish(struct sealer *sealer, void (*done)(void *context), void *context);

/* How many records the published checkpoint covers, when this agent published it (empty: it did
 * not), and why there is no newer one, or why it has one signature (empty: all is well). */
uint64_t sealer_size(const struct sealer *sealer);
const char *sealer_time(const struct sealer *sealer);
const char *sealer_reason(const struct sealer *sealer);

/* How many checkpoints this agent has had signed, published or not. */
uint64_t sealer_count(const struct sealer *sealer);
