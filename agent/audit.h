/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The command audit of one TPM: looks at its digest soon after it was used, has it attested from
 * time to time, and records each interval with the commands that it consists of.
 *
 * A look finds a signature that the agent did not ask for within AUDIT_LOOK_USEC of the next one
 * that it did; when nothing is signed, a look in each interval finds it.
 */

#include <systemd/sd-event.h>

#include "agent/recorder.h"
#include "agent/token.h"

#define AUDIT_LOOK_USEC ((uint64_t)1000000)

struct audit;

struct audit_options {
        struct token *token; /* outlives it, and is freed before */
        struct recorder *recorder;
        uint64_t interval_usec; /* the longest time between a signature and its attestation */
        const char *path;       /* of the file for what is not attested when the agent stops */
};

/* Continues what the file says, and removes it: it is good for one start. */
int audit_new(sd_event *event, const struct audit_options *options, struct audit **ret) _must_use_;

/* After its token. */
struct audit *audit_free(struct audit *audit);
DEFINE_CLEANUP(struct audit *, audit_free)

/* The token has become ready: what happened until now is attested before it does anything else. */
void audit_begin(struct audit *audit);

/* The token has signed. Sets operation->audit_entry, for the next three functions. */
void audit_note(struct audit *audit, struct operation *operation,
                const struct operation_evidence *evidence);

/* A driver process was lost: what it had asked the TPM for may have been done all the same. */
void audit_excuse(struct audit *audit);

/* The signature of that operation is in the durable record @index; or it never will be. */
void audit_resolve(struct audit *audit, uint64_t entry, uint64_t index);
void audit_give_up(struct audit *audit, uint64_t entry);

/* Likewise: nobody was given it, and the durable `intent` @index says so. */
void audit_withhold(struct audit *audit, uint64_t entry, uint64_t index);

/* Has everything attested and recorded, as far as that is possible; then calls @done, perhaps from
 * within. */
void audit_finish(struct audit *audit, void (*done)(void *context), void *context);

/* After the last signature: writes the file. */
void audit_save(const struct audit *audit);

/* In words, for people. */
const char *audit_status(const struct audit *audit);
