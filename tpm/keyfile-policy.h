/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The policy in a key file (SEQUENCE OF TPMPolicy): one step for each policy command, its code and
 * what the command needs. A counter is its handle and Name; a witness is its whole public key, as
 * the specification has it for the keys of TPM2_PolicyAuthorize(), with an empty signature.
 */

#include "lib/gate.h"

#define KEYFILE_STEPS_MAX 3

struct keyfile_step {
        uint32_t command; /* TPM 2.0 Part 2 §6.5.2 */
        struct buf body;
};

struct keyfile_policy {
        struct keyfile_step steps[KEYFILE_STEPS_MAX];
        size_t count; /* 0: no policy */
};

void keyfile_policy_done(struct keyfile_policy *policy);

/* The steps of @gate, in order. -ENOMEM. */
int keyfile_policy_of(const struct gate *gate, struct keyfile_policy *ret) _must_use_;

/* Takes what @step says into @gate. What it does not look at shows when the steps of that gate are
 * compared with what was read. -EBADMSG, -ENOMEM. */
int keyfile_policy_take(uint32_t command, struct view body, struct gate *gate) _must_use_;
