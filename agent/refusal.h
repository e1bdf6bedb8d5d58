/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Refusals in the journal: the first of a kind at once, its repetitions as one record per interval,
 * so that nobody can fill the disk by being refused.
 *
 * Of a kind are refusals with the same user, unit, method, key and error. More kinds at a time than
 * REFUSAL_KINDS_MAX share one record that says so.
 */

#include "agent/call.h"
#include "agent/recorder.h"

#define REFUSAL_KINDS_MAX     64
#define REFUSAL_INTERVAL_USEC ((uint64_t)60 * 1000000)

struct refusals;

int refusals_new(sd_event *event, struct recorder *recorder, struct refusals **ret) _must_use_;
struct refusals *refusals_free(struct refusals *refusals);
DEFINE_CLEANUP(struct refusals *, refusals_free)

struct refusal {
        const struct caller *caller;
        const char *method;
        const char *key; /* or NULL */
        const char *error;
        const char *reason;
};

void refusals_note(struct refusals *refusals, const struct refusal *refusal);

/* Writes what has been counted so far: at stop. */
void refusals_flush(struct refusals *refusals);
