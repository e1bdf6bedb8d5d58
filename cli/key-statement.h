/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the evidence of a key shows, said as an in-toto statement (SCAI v0.3) about the key, whose
 * digest is the SHA-256 of its DER SubjectPublicKeyInfo.
 *
 * An attribute is there if and only if lib/evidence-check.h finds it in the evidence, whose file
 * each names by its digest. That the attestation key is in a TPM is no part of it: that takes a
 * challenge, and the conditions of each attribute name that key.
 */

#include "lib/keyring.h"

/* Appends the statement. @attestation is the text of the file of that @name. -EKEYREJECTED,
 * -EBADMSG: the evidence does not hold, with the reason; -ENOMEM. */
int key_statement_put(struct buf *buf, const struct keyring_key *key, const char *name,
                      struct view attestation, struct problem *problem) _must_use_;
