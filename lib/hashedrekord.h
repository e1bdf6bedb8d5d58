/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Entries of Sigstore's transparency log, Rekor v2: kind hashedrekord, version 0.0.2, with a plain
 * public key.
 *
 * The text is what Rekor makes of such an entry: JSON by RFC 8785 (members sorted, no white space,
 * standard base64), so that one signature has one text and the text can be a leaf of a tree. It is
 * read in exactly this form and in no other.
 */

#include "lib/buf.h"
#include "lib/pubkey.h"

#define HASHEDREKORD_KIND     "hashedrekord"
#define HASHEDREKORD_VERSION  "0.0.2"
#define HASHEDREKORD_SIZE_MAX ((size_t)8192) /* far over any row of lib/algorithm.h */

struct hashedrekord {
        const struct algorithm *algorithm; /* of which publicKey is, and digest, too */
        struct pubkey *pubkey;
        uint8_t digest[DIGEST_SIZE_MAX]; /* algorithm->digest_size bytes */
        struct buf signature;            /* not verified */
};

/* Whether @entry, of a journal, is meant to be one: it begins with version and kind. */
int hashedrekord_is(struct view entry);

/* Appends the text. @digest has algorithm->digest_size bytes. -ENOMEM, -EMSGSIZE. */
int hashedrekord_put(struct buf *buf, const struct pubkey *key, const struct algorithm *algorithm,
                     struct view digest, struct view signature) _must_use_;

/* -EBADMSG: no such text, or in another form; -EOPNOTSUPP: keyDetails or a key of a kind not known
 * here; each with the member. -ENOMEM. */
int hashedrekord_parse(struct view text, struct hashedrekord *ret,
                       struct problem *problem) _must_use_;

void hashedrekord_done(struct hashedrekord *entry);

/* 0 if and only if @text is the entry of this signature. Else -EKEYREJECTED with the member that
 * differs, or an error of hashedrekord_parse(). */
int hashedrekord_restates(struct view text, const struct pubkey *key,
                          const struct algorithm *algorithm, struct view digest,
                          struct view signature, struct problem *problem) _must_use_;
