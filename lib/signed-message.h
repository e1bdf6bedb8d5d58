/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What a key has signed, as records and calls say it: a digest, and the message itself where the
 * algorithm signs that (Ed25519). A signature of a message cannot be verified from its digest, so
 * both are kept, and each names the other.
 */

#include "lib/pubkey.h"

/* Reads the base64 of the message that goes with @digest; text.data is NULL if there is none.
 * -EBADMSG, with the reason: it is missing, or has no place here; no base64; longer than
 * ALGORITHM_MESSAGE_MAX; of another digest. -ENOMEM. */
int signed_message_read(struct view text, const struct algorithm *algorithm, struct view digest,
                        struct buf *ret, struct problem *problem) _must_use_;

/* Whether the key has signed it: @message is empty, and not looked at, where the digest is signed.
 * Errors as pubkey_verify(). */
int signed_message_verify(struct pubkey *key, const struct algorithm *algorithm, struct view digest,
                          struct view message, struct view signature) _must_use_;
