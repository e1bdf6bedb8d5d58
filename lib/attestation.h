/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The file in which one key goes to a stranger, together with what its token says of it:
 *
 *     {"key":KEY,"type":"hallmark-attestation","v":1}
 *
 * in canonical JSON (lib/json.h) with a final newline. KEY is as in the key ring, and has
 * `evidence`. It is the agent's word; lib/evidence-check.h tells what follows from the evidence.
 */

#include "lib/evidence.h"
#include "lib/keyring.h"

#define ATTESTATION_TEXT_MAX (EVIDENCE_TEXT_MAX + (size_t)16384)

/* What it is about. */
struct attestation {
        struct keyring_key key;
        struct evidence evidence;
};

void attestation_done(struct attestation *attestation);

/* Appends the file of a key with evidence. */
int attestation_put(struct buf *buf, const struct keyring_key *key) _must_use_;

/* Strictly. -EBADMSG, -EOPNOTSUPP (algorithm), -ENOMEM. @ret is to be freed in any case. */
int attestation_parse(struct view text, struct attestation *ret,
                      struct problem *problem) _must_use_;

/* The same from a file; also what file_read() fails with. The path is named in @problem. */
int attestation_load(const char *path, struct attestation *ret, struct problem *problem) _must_use_;
