/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a TPM gives as a signature (TPMT_SIGNATURE, TPM 2.0 Part 2 §11.3.4), in the encoding that
 * enum algorithm_kind says.
 */

#include "lib/algorithm.h"
#include "lib/buf.h"
#include "lib/problem.h"

#include <tss2/tss2_tpm2_types.h>

/* Appends the signature. -EIO: it is none of @algorithm. */
int signature_put(struct buf *buf, const struct algorithm *algorithm,
                  const TPMT_SIGNATURE *signature, struct problem *problem) _must_use_;
