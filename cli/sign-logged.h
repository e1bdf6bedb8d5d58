/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Logged signatures: the agent records digests, and the proof of that record is the signature.
 */

#include "cli/verb.h"
#include "lib/json.h"
#include "lib/keyring.h"

struct logging {
        const struct keyring_key *key; /* that the agent named before */
        const json_t *digests;         /* HASH:HEX of its algorithm */
        json_t *claims;                /* or NULL; taken over */
        const char *output;            /* "-" for standard output */
        uint32_t version;              /* that is wanted; 0: the active one */
};

/* Has the digests signed, verifies the proof against the key ring that the agent gives, writes it,
 * and tells about it as --json says. */
enum answer sign_logged(const struct invocation *invocation, const struct logging *logging,
                        struct problem *problem);

/* Whether the proof holds against the key ring that the agent gives, and is of record @index, under
 * this key, and of these digests (unless NULL). No with the reason. */
enum answer sign_check_proof(const struct invocation *invocation, const struct logging *logging,
                             const char *proof, uint64_t index, struct problem *problem);
