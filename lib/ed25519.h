/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Ed25519 (RFC 8032 §5.1): whether a signature of a message is good. The message is signed as it
 * is, without being hashed before.
 */

#include "lib/reader.h"

#define ED25519_KEY_SIZE       32
#define ED25519_SIGNATURE_SIZE 64

/* 0 if and only if @signature is one of @message by the public key. -EKEYREJECTED: it is not, or it
 * has not ED25519_SIGNATURE_SIZE bytes; -ENOMEM. */
int ed25519_verify(const uint8_t key[ED25519_KEY_SIZE], struct view message,
                   struct view signature) _must_use_;

/* Whether the point is of small order: one signature by such a key can be good for any message. */
int ed25519_is_weak(const uint8_t key[ED25519_KEY_SIZE]);
