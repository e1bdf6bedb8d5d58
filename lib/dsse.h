/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Dead Simple Signing Envelopes (secure-systems-lab/dsse v1.0): a payload, its type, and a
 * signature over both.
 *
 * What is signed is the pre-authentication encoding, PAE: `DSSEv1 SP len(type) SP type SP len(body)
 * SP body`. The bytes that were verified are the bytes to parse. An envelope here has exactly one
 * signature.
 */

#include "lib/json.h"
#include "lib/pubkey.h"

#define DSSE_IN_TOTO          "application/vnd.in-toto+json"
#define DSSE_PAYLOAD_SIZE_MAX ((size_t)512 << 20)

struct dsse {
        char *payload_type;
        struct buf payload;
        struct buf signature;
};

void dsse_done(struct dsse *dsse);

/* The digest that a key with that hash signs. -EOPNOTSUPP: no such hash. @ret takes DIGEST_SIZE_MAX
 * bytes. */
int dsse_digest(const char *hash, const char *payload_type, struct view payload, uint8_t *ret,
                size_t *ret_size) _must_use_;

/* The same of a payload that may be spooled. Also -ENOMEM. */
int dsse_digest_of(const char *hash, const char *payload_type, const struct buf *payload,
                   uint8_t *ret, size_t *ret_size) _must_use_;

/* Appends what is signed: the digest is that of these bytes. */
void dsse_put_pae(struct buf *buf, const char *payload_type, struct view payload);

/* Appends what a member that was checked to be a string holds, in either alphabet of base64.
 * -EBADMSG, with the name of the member; the error of @ret otherwise. */
int dsse_read_base64(const json_t *object, const char *name, struct buf *ret,
                     struct problem *problem) _must_use_;

/* Appends the envelope, keyid empty. @payload_type needs no escapes. */
void dsse_put(struct buf *buf, const char *payload_type, const struct buf *payload,
              struct view signature);

/* Reads an envelope. Both alphabets of base64 are taken, as DSSE demands. -EBADMSG: no envelope, an
 * unknown member, or not exactly one signature; -ENOMEM. @ret is to be freed in any case. */
int dsse_parse(const json_t *object, struct dsse *ret, struct problem *problem) _must_use_;
