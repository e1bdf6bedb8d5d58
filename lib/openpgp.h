/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * OpenPGP packets of version 4 (RFC 4880, RFC 6637): of public keys, and of signatures by them.
 *
 * A key has its time of creation in its fingerprint, so who has another time has another key.
 */

#include "lib/format.h"

#define OPENPGP_FINGERPRINT_SIZE 20
#define OPENPGP_TYPE_BINARY      0x00
#define OPENPGP_TYPE_CERTIFY     0x13

#define OPENPGP_TAG_SIGNATURE 2
#define OPENPGP_TAG_KEY       6
#define OPENPGP_TAG_USER      13

/* Whether OpenPGP version 4 has such signatures. */
int openpgp_has(const struct algorithm *algorithm);

/* Appends a packet. */
void openpgp_put_packet(struct buf *buf, uint8_t tag, struct view body);

/* Appends the body of the key packet. -EOPNOTSUPP: no such keys. */
int openpgp_put_key(struct buf *buf, const struct format_signer *signer) _must_use_;

int openpgp_fingerprint(const struct format_signer *signer,
                        uint8_t ret[OPENPGP_FINGERPRINT_SIZE]) _must_use_;

/* Appends what of a signature is signed: version, type, algorithms, hashed subpackets. */
int openpgp_put_hashed(struct buf *buf, uint8_t type,
                       const struct format_signer *signer) _must_use_;

/* Appends what is hashed after the content: the hashed part and the trailer. */
void openpgp_put_trailer(struct buf *buf, struct view hashed);

/* Appends the packet of a signature, with the digest that the key signed. */
int openpgp_put_signature(struct buf *buf, const struct signature *signature,
                          const struct format_signer *signer) _must_use_;

/* Reads such a packet into attributes (the hashed part), value, and signer: the fingerprint, and
 * the first two bytes of the digest. Each bit of it is signed, or follows from what is. -EBADMSG:
 * no signature of version 4 over bytes; -EOPNOTSUPP: by an algorithm or with a demand not known
 * here. */
int openpgp_parse_signature(struct view packet, struct signature *ret,
                            struct problem *problem) _must_use_;

/* The algorithm identifiers in the hashed part are those of the signer's key. */
int openpgp_is_by(struct view hashed, const struct algorithm *algorithm);
