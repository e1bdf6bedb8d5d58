/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The text of a consistency proof (RFC 9162 §2.1.4): its hashes in standard base64, one a line, as
 * in the body of add-checkpoint (C2SP tlog-witness). An empty proof is an empty text.
 */

#include "lib/merkle-proof.h"

#define CONSISTENCY_SIZE_MAX ((size_t)MERKLE_PROOF_MAX * 45) /* 44 digits and a newline each */

void consistency_put(struct buf *buf, const struct merkle_proof *proof);

/* -EBADMSG, with the line and what was expected. */
int consistency_parse(struct view text, struct merkle_proof *ret,
                      struct problem *problem) _must_use_;
