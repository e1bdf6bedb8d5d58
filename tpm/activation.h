/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A secret that somebody has encrypted for this TPM and its attestation key (lib/credential.h).
 */

#include "lib/evidence.h"
#include "tpm/device.h"

/* Appends the secret that @question asks for to @ret, after attester_open(). -EKEYREJECTED: it is
 * not for this endorsement key and this attestation key; -EOPNOTSUPP: the TPM has no such
 * endorsement key, or does not let it be used. */
int activation_answer(struct device *device, const struct evidence_question *question,
                      struct buf *ret, struct problem *problem) _must_use_;
