/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an attestation that holds shows about the making of its key, or why it shows nothing.
 */

#include "lib/evidence-check.h"

/* Appends lines. */
void creation_put_text(const struct evidence *evidence, const struct evidence_creation *creation,
                       struct buf *ret);

/* NULL without memory. */
json_t *creation_to_json(const struct evidence *evidence,
                         const struct evidence_creation *creation) _must_use_;
