/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A gate (lib/gate.h) as this process uses it: the witness's public key loaded, the counter found.
 */

#include "lib/gate.h"
#include "tpm/object.h"

struct guard {
        struct gate gate;
        TPM2B_NAME key; /* of the key behind the gate */
        struct object witness;
        ESYS_TR counter; /* ESYS_TR_NONE: none, or not opened */
};

#define GUARD_INIT ((struct guard){.witness = OBJECT_INIT, .counter = ESYS_TR_NONE})

/* Prepares guard->gate. @authorization (NULL: empty) is the counter's. The address of @guard stays
 * in @device until guard_done(). */
int guard_open(struct device *device, struct guard *guard, const TPM2B_AUTH *authorization,
               struct problem *problem) _must_use_;
void guard_done(struct device *device, struct guard *guard);

/* Gives back the session for one TPM2_Sign() of @digest with the key, to be ended with
 * session_end(). From here on the use is counted. -EPERM: @authorization is not the witness's for
 * this digest and key. */
int guard_satisfy(struct device *device, struct guard *guard, const TPM2B_DIGEST *digest,
                  struct view authorization, ESYS_TR *ret, struct problem *problem) _must_use_;
