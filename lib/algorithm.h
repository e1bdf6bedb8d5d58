/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The signature algorithms, one row each: a key has exactly one, fixed at its creation.
 *
 * The algorithm names the hash and the padding as well, so a digest, a key and a signature can be
 * checked against each other from the row alone. A new algorithm is a new row.
 */

#include "lib/macro.h"

#define ALGORITHM_MESSAGE_MAX ((size_t)8192) /* bytes that are signed as they are */

enum algorithm_kind {
        ALGORITHM_ECDSA,     /* signature: minimal DER of Ecdsa-Sig-Value, RFC 3279 §2.2.3 */
        ALGORITHM_RSA_PKCS1, /* signature: RSASSA-PKCS1-v1_5, RFC 8017 §8.2, modulus size */
        ALGORITHM_RSA_PSS, /* signature: RSASSA-PSS, RFC 8017 §8.1, MGF1 and PSS with the same hash
                            */
        ALGORITHM_ED25519, /* signature: R and S, RFC 8032 §5.1, of the message itself */
};

struct algorithm {
        const char *name; /* in configuration, records, the socket and the key ring */
        enum algorithm_kind kind;
        unsigned bits;           /* of the curve's field or of the modulus */
        const char *curve;       /* OpenSSL's name of it; NULL for RSA */
        const char *hash;        /* "sha256", "sha384": as in records and `sha256:HEX`; where the
                                    message is signed, that by which it is named */
        size_t digest_size;      /* bytes */
        size_t signature_max;    /* bytes */
        const char *key_details; /* Sigstore's PublicKeyDetails; NULL where it has none */
};

/* Whether the message itself is signed, up to ALGORITHM_MESSAGE_MAX bytes, and not its digest. */
static inline int algorithm_signs_messages(const struct algorithm *algorithm)
{
        return algorithm->kind == ALGORITHM_ED25519;
}

/* The row of that name, or NULL. */
const struct algorithm *algorithm_find(const char *name);

/* Row @index, or NULL past the last: to go through all of them. */
const struct algorithm *algorithm_at(size_t index);
