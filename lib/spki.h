/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * SubjectPublicKeyInfo in DER (RFC 5280 §4.1.2.7) out of the numbers that hardware gives, and the
 * signature that is made of two numbers.
 */

#include <openssl/types.h>

#include "lib/algorithm.h"
#include "lib/buf.h"
#include "lib/reader.h"

#define SPKI_SIZE_MAX ((size_t)1024)

/* Appends what libcrypto writes for the key. -ENOMEM. */
int spki_put(struct buf *buf, const EVP_PKEY *pkey) _must_use_;

/* Appends the SPKI of an EC key out of its affine coordinates (big-endian, any number of leading
 * zeros), of the curve of @algorithm. -EBADMSG: not a point of the curve. */
int spki_put_ec(struct buf *buf, const struct algorithm *algorithm, struct view x,
                struct view y) _must_use_;

/* The same of an RSA key out of modulus and public exponent, big-endian. -EBADMSG: no RSA key. */
int spki_put_rsa(struct buf *buf, struct view modulus, struct view exponent) _must_use_;

/* The same of the 32 bytes of an Ed25519 key (RFC 8032 §5.1.2). -EBADMSG: not so many. */
int spki_put_ed25519(struct buf *buf, struct view point) _must_use_;

/* Those bytes out of the SPKI; empty: it is of another kind of key. */
struct view spki_ed25519(struct view spki);

/* Whether modulus and exponent can be an RSA key's: with exponent 1, anybody could make signatures.
 */
int spki_is_rsa(const BIGNUM *modulus, const BIGNUM *exponent);

/* Appends minimal DER of an ECDSA signature made of @r and @s, big-endian with any number of
 * leading zeros. -EBADMSG when one of them is zero or longer than 66 bytes. */
int ecdsa_put_der(struct buf *buf, struct view r, struct view s) _must_use_;
