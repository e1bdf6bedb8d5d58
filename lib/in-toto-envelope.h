/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The two envelopes of in-toto's metadata, with one signature or more:
 *
 *     {"payload":B64,"payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":ID,"sig":B64}…]}
 *     {"signed":{…},"signatures":[{"keyid":ID,"sig":HEX}…]}
 *
 * The first is DSSE, and may be in a Sigstore bundle. Of the second, older one, the canonical JSON
 * of `signed` is what is signed (lib/canonical-json.h). Key ids are hints, and not believed.
 */

#include "lib/in-toto-key.h"

#define IN_TOTO_SIZE_MAX       ((size_t)64 << 20) /* bytes of an envelope: a link lists files */
#define IN_TOTO_SIGNATURES_MAX 16

enum in_toto_envelope_kind { IN_TOTO_DSSE, IN_TOTO_METABLOCK };

struct in_toto_signature {
        char *id; /* of the key; may be empty */
        struct buf value;
};

struct in_toto_envelope {
        enum in_toto_envelope_kind kind;
        json_t *payload;      /* an object */
        struct buf message;   /* what is signed */
        struct sha256 digest; /* of the payload: its text in DSSE, else its canonical text */
        struct in_toto_signature signatures[IN_TOTO_SIGNATURES_MAX];
        size_t count;
};

void in_toto_envelope_done(struct in_toto_envelope *envelope);

/* Reads any of them. Signatures of GnuPG are left out. -EBADMSG: none, or another type of payload,
 * with the reason; -ENOMEM. @ret is to be freed in any case. */
int in_toto_envelope_parse(struct view text, struct in_toto_envelope *ret,
                           struct problem *problem) _must_use_;

/* 0 if and only if one of the signatures is good and by this key. -EKEYREJECTED; -ENOMEM. */
int in_toto_envelope_verify(const struct in_toto_envelope *envelope,
                            const struct in_toto_key *key) _must_use_;

/* Sets up an envelope of @payload, of which a reference is taken, without a signature. The payload
 * of DSSE is canonical JSON (lib/json.h). -EBADMSG: a number that is no integer in a metablock. */
int in_toto_envelope_make(enum in_toto_envelope_kind kind, json_t *payload,
                          struct in_toto_envelope *ret, struct problem *problem) _must_use_;

/* Adds a signature. -EMSGSIZE: there are as many as there may be; -ENOMEM. */
int in_toto_envelope_sign(struct in_toto_envelope *envelope, const char *id,
                          struct view signature) _must_use_;

/* Appends the envelope with a final newline. Only of one that was set up by
 * in_toto_envelope_make().
 */
int in_toto_envelope_put(const struct in_toto_envelope *envelope, struct buf *buf) _must_use_;
