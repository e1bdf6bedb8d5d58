/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A P-256 public key that many signatures are checked with.
 *
 * Of the time libcrypto takes for one ECDSA verification, three quarters are the product of a point
 * that it meets for the first time: the public key. An agent and an auditor meet the same few keys
 * ten thousand times a second. This keeps for one key the table of multiples that libcrypto keeps
 * for the generator of the curve, and so halves the time of each check. The field, the curve and
 * the table are libcrypto's; what stands here is the equation of FIPS 186-5 §6.4.2 (SEC 1 §4.1.4).
 * It handles public values only and makes no attempt at constant time.
 */

#include "lib/buf.h"

#include <openssl/evp.h>

struct ecdsa_table;

/* What a table costs, in verifications: after so many of one key without it, it would have paid
 * for itself. (21 ms against 35 us saved by each, on the machine it was written on; 150 KiB.) */
#define ECDSA_TABLE_WORTH 600

/* -EOPNOTSUPP: no key of the curve P-256, or a libcrypto that keeps no tables; -ENOMEM. */
int ecdsa_table_new(EVP_PKEY *pkey, struct ecdsa_table **ret) _must_use_;

/* Takes NULL; returns NULL. */
struct ecdsa_table *ecdsa_table_free(struct ecdsa_table *table);
DEFINE_CLEANUP(struct ecdsa_table *, ecdsa_table_free)

/* 0 if and only if EVP_PKEY_verify() would take @signature, a DER Ecdsa-Sig-Value (RFC 3279
 * §2.2.3), for one of @digest, 32 bytes. -EKEYREJECTED: it would not; -ENOMEM. */
int ecdsa_table_verify(struct ecdsa_table *table, struct view digest,
                       struct view signature) _must_use_;
