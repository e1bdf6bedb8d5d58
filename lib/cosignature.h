/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A witness's word that a checkpoint goes on from all it has seen of the log (C2SP
 * tlog-cosignature, Ed25519): a time and a signature of `cosignature/v1`, the time and the
 * checkpoint's text.
 */

#include "lib/ed25519.h"

#define COSIGNATURE_SIZE ((size_t)(8 + ED25519_SIGNATURE_SIZE))

/* Appends what a witness signs at @time, seconds since the epoch: two lines, then the @text of the
 * checkpoint with its last newline. */
void cosignature_put_message(struct buf *buf, uint64_t time, struct view text);

/* 0 if and only if @cosignature, a time of 8 bytes and a signature, is the key's over @text; *@ret
 * becomes that time. -EKEYREJECTED; -ENOMEM. */
int cosignature_verify(const uint8_t key[ED25519_KEY_SIZE], struct view text,
                       struct view cosignature, uint64_t *ret) _must_use_;
