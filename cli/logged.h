/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A signature together with the proof that its record is in the journal: a tlog-proof whose extra
 * is a `sign` record.
 */

#include "lib/bundle.h"
#include "lib/keyring.h"
#include "lib/tlog-proof.h"

/* Whether the file says that it is a tlog-proof. */
int logged_is(struct view text);

/* What the proof shows. */
struct logged {
        uint64_t index;
        uint64_t size; /* of the journal, as of the checkpoint */
};

/* Verifies proof, checkpoint and record against the ring; fills @ret_signature with the digest and
 * signature that the record holds, without hint. -EKEYREJECTED: not a good proof of a signature,
 * with the reason; -ENOMEM. */
int logged_verify(struct view text, const struct keyring *ring, struct logged *ret,
                  struct bundle *ret_signature, struct problem *problem) _must_use_;
