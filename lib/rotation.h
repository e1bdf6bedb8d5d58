/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the old and the new version of a key sign when one takes over from the other:
 *
 *     hallmark-rotation/v1 LF ORIGIN LF NAME LF
 *     VERSION SP FINGERPRINT LF       of the old one
 *     VERSION SP FINGERPRINT LF       of the new one
 *
 * Each signs the text as its algorithm does: its digest, or itself. So nobody who has only the
 * journal, or only one of the tokens, can name a successor.
 */

#include "lib/keyring.h"

/* Appends the text. */
void rotation_put(struct buf *buf, const char *origin, const struct keyring_key *old,
                  const struct keyring_key *new);

/* 0: @signer has signed it. -EKEYREJECTED, -ENOMEM. */
int rotation_verify(const char *origin, const struct keyring_key *old,
                    const struct keyring_key *new, const struct keyring_key *signer,
                    struct view signature) _must_use_;
