/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Checkpoints: when, signed by the log key, published.
 *
 * Once something is new, a checkpoint follows within the interval, never two at a time; what
 * arrives while the token signs is for the next one. When the log key's token is away, checkpoints
 * wait and signing goes on.
 */

#include "agent/keystore.h"
#include "agent/token.h"
#include "agent/writer.h"

struct sealer;

struct sealer_events {
        /* The active log key and its token; 0 when either is missing. */
        int (*find_key)(struct key **ret_key, struct token **ret_token, void *context);

        /* A checkpoint failed, with the reason, or works again (NULL). Called on changes only. */
        void (*changed)(const char *reason, void *context);

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

/* There are new durable records, or the log key's token may have come back. */
void sealer_notice(struct sealer *sealer);

/* The durable record at @index calls for no checkpoint of its own; the next one covers it. For
 * records of what was done with a checkpoint: each would make another, for ever. */
void sealer_overlook(struct sealer *sealer, uint64_t index);

/* Makes a last checkpoint at once; @done is called when it is published, or cannot be. */
void sealer_finish(struct sealer *sealer, void (*done)(void *context), void *context);

/* How many records the published checkpoint covers, when this agent published it (empty: it did
 * not), and why there is no newer one (empty: all is well). */
uint64_t sealer_size(const struct sealer *sealer);
const char *sealer_time(const struct sealer *sealer);
const char *sealer_reason(const struct sealer *sealer);
