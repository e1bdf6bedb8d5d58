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
 *
 * The last checkpoint of an agent is offered, too, and what comes in WITNESSES_FINISH_USEC is kept.
 * No record says so: the last one has been written.
 */

#include "agent/config.h"
#include "agent/recorder.h"
#include "agent/writer.h"

/* How long the end of the agent is put off for cosignatures of the last checkpoint. */
#define WITNESSES_FINISH_USEC ((uint64_t)5 * 1000000)

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

/* After witnesses_stop(): offers the published checkpoint, which is the last one, to all who have
 * not cosigned it, those who failed the last time, too. @done is called, from within perhaps, when
 * all have answered or the time is up, and those who have not cosigned it have been named in the
 * log. Then all is stopped again. */
void witnesses_finish(struct witnesses *witnesses, void (*done)(void *context), void *context);

/* The time is up now, if witnesses_finish() is not done. */
void witnesses_expire(struct witnesses *witnesses);

/* The same, and frees all. */
struct witnesses *witnesses_free(struct witnesses *witnesses);
DEFINE_CLEANUP(struct witnesses *, witnesses_free)

/* A newer checkpoint has been published: it is offered when the round is over. */
void witnesses_offer(struct witnesses *witnesses, struct view note);

/* How it stands with each, as in io.hallmark.Admin. */
json_t *witnesses_to_json(const struct witnesses *witnesses) _must_use_;
