/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether what a journal has of its TPMs' word was signed inside TPMs for which authorities vouch:
 * each key that signs anchors, audits or counts of uses must be the attestation key of an
 * attestation that holds, for a key of that token.
 */

#include "cli/attestation.h"
#include "lib/replay.h"

struct journal_endorsed {
        struct attestation_trust trust; /* without authorities: nobody asks */
        struct attestation *attestations;
        size_t count;
        json_t *tied;   /* what was found to be so, an object for each token and key */
        json_t *untied; /* what nobody has asked about, likewise */
};

void journal_endorsed_done(struct journal_endorsed *endorsed);

/* An attestation from a file, or what the keys of the ring have. -ENOMEM; as attestation_load(). */
int journal_endorsed_add(struct journal_endorsed *endorsed, const char *path,
                         struct problem *problem) _must_use_;
int journal_endorsed_add_ring(struct journal_endorsed *endorsed, const struct keyring *ring,
                              struct problem *problem) _must_use_;

/* Calls @finding for each signer that is not tied, and counts it in @result; where nobody asks,
 * it notes them. -ENOMEM. */
int journal_endorsed_check(struct journal_endorsed *endorsed, const struct keyring *ring,
                           struct replay_result *result,
                           void (*finding)(const struct replay_finding *finding, void *context),
                           void *context) _must_use_;

/* Appends a line for each signer that is tied, or one that there is none; where nobody has asked,
 * one that names them all. */
void journal_endorsed_put(const struct journal_endorsed *endorsed, struct buf *ret);
