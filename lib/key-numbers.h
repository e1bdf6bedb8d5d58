/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The numbers in a public key and in an ECDSA signature, for formats that write them in their own
 * way. Big-endian, without leading zeros.
 */

#include "lib/pubkey.h"

struct key_numbers {
        struct view point;             /* ECDSA: 04 ‖ X ‖ Y */
        struct view modulus, exponent; /* RSA */
};

/* Borrows from the key. -EOPNOTSUPP: of another form. */
int key_numbers_read(const struct pubkey *key, struct key_numbers *ret) _must_use_;

/* The two numbers in the DER of an ECDSA signature. -EBADMSG. */
int ecdsa_numbers_read(struct view signature, struct view *ret_r, struct view *ret_s) _must_use_;
