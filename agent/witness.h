/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Offering checkpoints to witnesses (C2SP tlog-witness) and keeping what they cosign.
 *
 * Checkpoints are offered in rounds: one checkpoint to all witnesses, each asked once at a time,
 * and the next round takes the newest one when all who answered last time have answered. A witness
 * in trouble is asked again after a while, and holds up nobody. So the witnesses cosign the same
 * checkpoints, which is what makes a quorum.
 *
 * A cosignature is added to the published checkpoint while that is still the one that was cosigned.
 * The file checkpoint.cosigned keeps the newest cosigned one: a newer checkpoint takes its place
 * when at least as many of the configured witnesses have cosigned it. Each cosignature is recorded,
 * too. The files are written once for what comes in a round, since writing takes the loop's time.
 */

#include "agent/config.h"
#include "agent/recorder.h"
#include "agent/writer.h"

struct witnesses;

struct witnesses_options {
        struct writer *writer;
        struct recorder *recorder;
        const struct config *config; /* outlives the witnesses */
        /* A record about a witness is durable at @index. */
        void (*recorded)(uint64_t index, void *context);
        void *context;
};

/* Takes up what the journal's folder has: the published checkpoint is offered at once. -EOPNOTSUPP:
 * there are witnesses, and HTTP is not possible. */
int witnesses_new(sd_event *event, const struct witnesses_options *options, struct witnesses **ret,
                  struct problem *problem) _must_use_;

/* Breaks off what is in progress and asks nobody any more. What was cosigned is written down. */
void witnesses_stop(struct witnesses *witnesses);

/* The same, and frees all. */
struct witnesses *witnesses_free(struct witnesses *witnesses);
DEFINE_CLEANUP(struct witnesses *, witnesses_free)

/* A newer checkpoint has been published: it is offered when the round is over. */
void witnesses_offer(struct witnesses *witnesses, struct view note);

/* How it stands with each, as in io.hallmark.Admin. */
json_t *witnesses_to_json(const struct witnesses *witnesses) _must_use_;
