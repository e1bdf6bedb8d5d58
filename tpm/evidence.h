/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The TPM's word for a key (lib/evidence.h): certified by the attestation key, with the
 * certificates of the endorsement keys beside it.
 */

#include "lib/evidence.h"
#include "tpm/device.h"

/* Fills @ret for a loaded key. -EOPNOTSUPP: the endorsement hierarchy has an authorization;
 * -EKEYREJECTED as activation_answer(). */
int evidence_of_key(struct device *device, struct object *key,
                    const struct evidence_question *question, struct evidence *ret,
                    struct problem *problem) _must_use_;

/* Appends what was attested and the TPMT_SIGNATURE over it. -EIO: malformed. */
int evidence_put_attestation(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature,
                             struct buf *ret_attest, struct buf *ret_signature,
                             struct problem *problem) _must_use_;
