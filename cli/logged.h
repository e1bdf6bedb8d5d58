/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a tlog-proof of this journal proves: a signature together with the proof that its record is
 * there (`sign`), or a logged signature, which is nothing but that proof (`sign.logged`).
 */

#include "lib/bundle.h"
#include "lib/json.h"
#include "lib/keyring.h"
#include "lib/tlog-proof.h"

/* What the proof shows. */
struct logged {
        uint64_t index;
        uint64_t size;                     /* of the journal, as of the checkpoint */
        const struct keyring_key *key;     /* of the ring: named by the record */
        const struct keyring_key *log_key; /* that signed the checkpoint */
        char time[KEY_TIME_SIZE];          /* of the record */
        json_t *digests;                   /* of a `sign.logged` record, as in it; else NULL */
};

void logged_done(struct logged *logged);

/* Verifies proof, checkpoint and record against the ring, which @ret->key borrows from. Of a `sign`
 * record, fills @ret_signature with the digest and signature that it holds, without hint.
 * -EKEYREJECTED: not a good proof of a signature, with the reason; -ENOMEM. */
int logged_verify(struct view text, const struct keyring *ring, struct logged *ret,
                  struct bundle *ret_signature, struct problem *problem) _must_use_;

/* Whether the digest is among those of a logged signature. */
int logged_has(const struct logged *logged, struct view digest);
